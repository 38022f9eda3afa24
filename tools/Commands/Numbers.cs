using System.CommandLine.Parsing;
using System.Globalization;

namespace LazyRestore.Tools.Commands;

/// <summary>Reads the numbers of a command line, with errors in the user's words.</summary>
internal static class Numbers
{
    /// <summary>A process ID, greater than zero.</summary>
    public static int ProcessId(ArgumentResult result) => AtLeast(1, "a process ID", result);

    /// <summary>The number of a descriptor.</summary>
    public static int? Descriptor(ArgumentResult result) => AtLeast(0, "the number of a descriptor", result);

    private static int AtLeast(int least, string meaning, ArgumentResult result)
    {
        string word = result.Tokens[0].Value;
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least)
        {
            return number;
        }

        result.AddError($"'{word}' is not {meaning}");
        return least;
    }
}
