using System.CommandLine;

namespace LazyRestore.Tools.Commands;

/// <summary>Options that name the control socket of an agent service.</summary>
internal static class ControlOption
{
    private const string Unix = "unix:";

    /// <summary>Creates one, whose value is the full path of the socket.</summary>
    public static Option<string> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "unix:PATH",
        CustomParser = static result =>
        {
            string word = result.Tokens[0].Value;
            if (word.StartsWith(Unix, StringComparison.Ordinal) && word.Length > Unix.Length)
            {
                return Path.GetFullPath(word[Unix.Length..]);
            }

            result.AddError($"'{word}' is not unix:PATH");
            return "";
        },
    };
}
