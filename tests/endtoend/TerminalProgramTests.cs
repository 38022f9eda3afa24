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
        const string Typed = "mkfifo $1/keys; exec 3<>$1/keys; exec $2 -q -f -c \"bash --noprofile --norc -i\" $1/typescript <&3 3<&-";
        string script = Installed("script");
        using Subject subject = Subject.StartUnready(LazyRestoreBinary.Native, folder => ["/bin/bash", "-c", Typed, "bash", folder, script]);
        subject.Await("the named pipe is there", () => File.Exists(subject.Scratch.File("keys")));
        Type("number=6\necho before=$((number * 7))\n");
        subject.Await("the shell answers", () => subject.Scratch.Text("typescript").Contains("before=42", StringComparison.Ordinal));

        subject.Dump();
        subject.Restore();

        Type("echo after=$((number * 8))\n");
        subject.Await("the shell answers again", () => subject.Scratch.Text("typescript").Contains("after=48", StringComparison.Ordinal));
        Type("exit\n");
        subject.Await("script ends", () => !Proc.IsAlive(subject.Pid));

        void Type(string keys) => File.AppendAllText(subject.Scratch.File("keys"), keys);
    }

    private static string Socket(string folder) => Path.Combine(folder, "tmux.socket");

    private static string Installed(string name)
    {
        string path = Path.Combine("/usr/bin", name);
        Assert.SkipWhen(!File.Exists(path), $"{name} is not installed");
        return path;
    }
}
