using System.CommandLine;
using LazyRestore.Tools.Check;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore check</c>.</summary>
internal sealed class CheckCommand : Verb
{
    /// <summary>Creates the verb.</summary>
    public CheckCommand(CommandContext context)
        : base(
            context, "check", "Find out what this kernel and user can do, with the remedy for what is missing",
            new("lazyrestore check", "exit code 3 when something needed is missing"),
            new("lazyrestore check --json", "the same for programs"))
    {
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        (Probe Probe, Finding Finding)[] findings = [.. HostProbes.All.Select(probe => (probe, Examine(probe)))];
        reporter.Result(CheckReport.Of(findings));
        return CheckReport.IsSupported(findings) ? 0 : (int)FailureReason.Unsupported;
    }

    // A probe that cannot even look has found that the feature cannot be used.
    private static Finding Examine(Probe probe)
    {
        try
        {
            return probe.Examine();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Finding.Missing(failure.Message, "Make it accessible to this user.");
        }
    }
}
