using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Terminals;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>A process that was started from a terminal outside, as a job of a shell: the terminal of whoever restores it is to be its terminal.</summary>
/// <param name="root">The first process of the tree.</param>
/// <param name="refusals">What cannot be saved is added here.</param>
internal sealed class JobOfTerminal(ProcDirectory root, Refusals refusals)
{
    private readonly StatText _stat = StatText.Parse(root.Text("stat"));

    /// <summary>Whether a terminal is that of the job.</summary>
    public bool Has(int device) => device == _stat.Terminal;

    /// <summary>The record of a description of that terminal; null when it is refused.</summary>
    public TerminalJobRecord? Record(OpenDescription description)
    {
        if (_stat.Session == root.Pid)
        {
            refusals.Add(description.Subject, UnsupportedKind.SessionOfTerminal, description.Link);
            return null;
        }

        PseudoTerminal terminal = new(description.First.Duplicate, description.Subject);
        return new TerminalJobRecord
        {
            Id = description.Id,
            StatusFlags = description.First.StatusFlags,
            Path = description.Link,
            Modes = terminal.Modes.Bytes,
            WindowSize = terminal.WindowSize,
            ForegroundGroup = Math.Max(0, _stat.ForegroundGroup),
        };
    }
}
