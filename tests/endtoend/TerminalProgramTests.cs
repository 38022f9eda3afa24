using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Programs of the distribution in pseudo terminals, with the shells and editors in them.</summary>
public sealed class TerminalProgramTests
{
    /// <summary>Panes keep what they show; the shell keeps its variables, and the editor the text that nobody has saved yet.</summary>
    [Theory]
    [InlineData(Mode.Lazy)]
    [InlineData(Mode.Eager)]
    public void TmuxGoesOnWithShellAndEditor(Mode mode)
    {
        string tmux = Installed("tmux");
        string editor = Installed("vi");
        using Subject subject = Subject.StartUnready(LazyRestoreBinary.Native, folder => [tmux, "-S", Socket(folder), "-f", "/dev/null", "-D"]);
        string text = subject.Scratch.File("text");
        File.WriteAllText(subject.Scratch.File("prompt"), "PS1='$ '\n");
        subject.Await("tmux listens", () => File.Exists(Socket(subject.Scratch.Folder)));
        Tmux("new-session", "-d", "-x", "80", "-y", "30", $"/bin/bash --noprofile --rcfile {subject.Scratch.File("prompt")} -i");
        AwaitPane("0", "$");
        Tmux("send-keys", "-t", ":.0", "secret=42; echo before $((secret / 2))", "Enter");
        AwaitPane("0", "before 21");
        Tmux("split-window", $"{editor} -u NONE -n -i NONE {text}");
        AwaitPane("1", "~");
        Tmux("send-keys", "-t", ":.1", "ione line", "Enter", "and half");
        AwaitPane("1", "and half");

        subject.Dump();
        subject.Restore(mode);

        Assert.Contains("before 21", Pane("0"), StringComparison.Ordinal);
        Assert.Contains("one line\nand half", Pane("1"), StringComparison.Ordinal);
        Tmux("send-keys", "-t", ":.0", "echo after $((secret + 1))", "Enter");
        AwaitPane("0", "after 43");
        Tmux("send-keys", "-t", ":.1", " of another", "Escape", ":wq", "Enter");
        subject.Await("the editor has written", () => subject.Scratch.Text("text") == "one line\nand half of another\n");
        subject.Await("its pane is closed", () => Tmux("list-panes").Count(letter => letter == '\n') == 1);
        Tmux("kill-server");
        subject.Await("tmux ends", () => !Proc.IsAlive(subject.Pid));

        string Tmux(params IEnumerable<string> command)
        {
            using RunningProcess client = RunningProcess.Start(
                subject.Scratch.File(Path.GetRandomFileName()), subject.Scratch.Folder, [tmux, "-S", Socket(subject.Scratch.Folder), .. command]);
            Assert.True(client.WaitForExit() == 0, client.Describe());
            return client.Output;
        }

        string Pane(string number) => Tmux("capture-pane", "-p", "-t", ":." + number);

        void AwaitPane(string number, string words) =>
            subject.Await($"pane {number} shows {words}", () => Pane(number).Contains(words, StringComparison.Ordinal), () => Pane(number));
    }

    [Theory]
    [InlineData(Mode.Lazy)]
    [InlineData(Mode.Demand)]
    public void EditorInATerminalOfItsParentGoesOn(Mode mode)
    {
        string python = Installed("python3");
        string editor = Installed("vi");
        using Subject subject = Subject.Start(
            LazyRestoreBinary.Native, folder => [python, Path.Combine(Repository.Targets, "editor.py"), folder, editor]);
        subject.Dump();
        subject.Restore(mode);
        subject.Verify();
    }

    /// <summary>script(1) records a shell that is typed to through a named pipe.</summary>
    [Fact]
    public void ScriptRecordsOn()
    {
        using Subject subject = InTerminal("typescript", _ => "exec bash --noprofile --norc -i");
        Type(subject, "typescript", "number=6\necho before=$((number * 7))\n");
        subject.Await("the shell answers", () => subject.Scratch.Text("typescript").Contains("before=42", StringComparison.Ordinal));

        subject.Dump();
        subject.Restore();

        Type(subject, "typescript", "echo after=$((number * 8))\n");
        subject.Await("the shell answers again", () => subject.Scratch.Text("typescript").Contains("after=48", StringComparison.Ordinal));
        Type(subject, "typescript", "exit\n");
        subject.Await("script ends", () => !Proc.IsAlive(subject.Pid));
    }

    /// <summary>An editor that a shell has started is saved in one terminal and goes on in another, where it can be suspended as well.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("set -m; ")]
    public void JobOfAShellGoesOnInAnotherTerminal(string jobControl)
    {
        string editor = Installed("vi");
        using Subject subject = InTerminal("first", folder => $"{jobControl}{editor} -u NONE -n -i NONE {Path.Combine(folder, "text")}; true");
        subject.Await("the editor runs", () => subject.Scratch.Text("first").Contains('~', StringComparison.Ordinal));
        int pid = Proc.All.Single(pid => Proc.Text(pid, "cmdline").StartsWith($"{editor}\0", StringComparison.Ordinal)
            && Proc.Text(pid, "cmdline").Contains(subject.Scratch.Folder, StringComparison.Ordinal));
        Type(subject, "first", "ione terminal");
        subject.Await("it shows what was typed", () => subject.Scratch.Text("first").Contains("terminal", StringComparison.Ordinal));

        string[] dump = ["dump", pid.ToString(CultureInfo.InvariantCulture), "-o", subject.Image];
        subject.Tool(dump).Exits(3).Names("--shell-job");
        Assert.True(Proc.IsAlive(pid));
        subject.Tool([.. dump, "--shell-job"]).Exits(0);
        subject.Await("the editor is gone", () => Proc.State(pid) == '\0');
        subject.Tool("restore", subject.Image).Exits(3).Names("--shell-job");
        subject.Tool("restore", "-d", "--shell-job", subject.Image).Exits(2).Names("--detach");
        subject.Tool("restore", "--shell-job", subject.Image).Exits(3).Names("terminal");

        using Subject second = InTerminal(
            "second",
            folder => $"set -m; {LazyRestoreBinary.Native.FilePath} restore --shell-job --pidfile {folder}/pid {subject.Image}; echo left=$?; fg; echo ended=$?");
        second.Await("the editor runs in the other terminal", () => File.Exists(second.Scratch.File("pid")));
        Type(second, "second", " and another\u001b");
        second.Await("it shows what was typed", () => second.Scratch.Text("second").Contains("another", StringComparison.Ordinal));
        Type(second, "second", "\u001a");
        second.Await("shell has the terminal", () => second.Scratch.Text("second").Contains("left=", StringComparison.Ordinal));
        second.Await("the editor goes on", () => Proc.State(pid) == 'S');
        Type(second, "second", "A, resumed\u001b:wq\r");
        second.Await("the editor has written", () => subject.Scratch.Text("text") == "one terminal and another, resumed\n");
        second.Await("its status is that of the restore", () => second.Scratch.Text("second").Contains("ended=0", StringComparison.Ordinal));
    }

    // A shell that runs a command in a terminal of its own, which is typed to through a named pipe and recorded in a file.
    private static Subject InTerminal(string name, Func<string, string> command)
    {
        const string Typed = "export TERM=vt100; mkfifo $1/$3.keys; exec 3<>$1/$3.keys; exec $2 -q -f -c \"bash --noprofile --norc -c '$4'\" $1/$3 <&3 3<&-";
        string script = Installed("script");
        Subject subject = Subject.StartUnready(
            LazyRestoreBinary.Native, folder => ["/bin/bash", "-c", Typed, "bash", folder, script, name, command(folder)]);
        subject.Await("the named pipe is there", () => File.Exists(subject.Scratch.File($"{name}.keys")));
        return subject;
    }

    private static void Type(Subject subject, string terminal, string keys) => File.AppendAllText(subject.Scratch.File($"{terminal}.keys"), keys);

    private static string Socket(string folder) => Path.Combine(folder, "tmux.socket");

    private static string Installed(string name)
    {
        string path = Path.Combine("/usr/bin", name);
        Assert.SkipWhen(!File.Exists(path), $"{name} is not installed");
        return path;
    }
}
