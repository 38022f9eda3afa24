using System.CommandLine;
using LazyRestore.Agent.Metrics;

namespace LazyRestore.Tools.Commands;

/// <summary>The option <c>--metrics</c>.</summary>
internal static class MetricsOption
{
    /// <summary>Creates it for a verb.</summary>
    public static Option<MetricsAddress?> Create() => new("--metrics")
    {
        Description = "Give metrics for Prometheus over HTTP, at a loopback address (port 0 for any) or a UNIX socket",
        HelpName = "ADDRESS:PORT|unix:PATH",
        CustomParser = static result =>
        {
            var address = MetricsAddress.TryParse(result.Tokens[0].Value, out string problem);
            if (address is null)
            {
                result.AddError(problem);
            }

            return address;
        },
    };
}
