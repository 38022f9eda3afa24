using System.CommandLine;
using LazyRestore.Agent.Control;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>A verb that asks something of a running agent service.</summary>
internal abstract class AgentControlVerb : Verb
{
    private readonly Option<string> _control = ControlOption.Create("--control", "The socket that the service listens at");

    /// <summary>Creates the verb.</summary>
    protected AgentControlVerb(CommandContext context, string name, string description, params Example[] examples)
        : base(context, name, description, examples)
    {
        _control.Required = true;
        Add(_control);
    }

    /// <summary>Asks it.</summary>
    protected abstract void Ask(ControlClient service, ParseResult parse, Reporter reporter);

    /// <inheritdoc/>
    protected sealed override int Run(ParseResult parse, Reporter reporter)
    {
        using var service = ControlClient.Connect(parse.GetRequiredValue(_control));
        Ask(service, parse, reporter);
        return 0;
    }
}
