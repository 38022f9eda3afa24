using System.CommandLine.Parsing;
using System.Globalization;

namespace LazyRestore.Tools.Commands;

/// <summary>Reads options that give something in place of something else, with errors in the user's words.</summary>
internal static class Assignments
{
    /// <summary>N:FILE, each a descriptor and what it becomes.</summary>
    public static Dictionary<int, string> Descriptors(ArgumentResult result)
    {
        Dictionary<int, string> descriptors = [];
        foreach (string word in result.Tokens.Select(token => token.Value))
        {
            int colon = word.IndexOf(':');
            if (colon > 0 && colon < word.Length - 1 && int.TryParse(word.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                descriptors[number] = word[(colon + 1)..];
            }
            else
            {
                result.AddError($"'{word}' is not N:FILE, a descriptor's number and a file");
            }
        }

        return descriptors;
    }

    /// <summary>OLD=NEW, each a path and what it has become.</summary>
    public static (string Old, string New)[] Paths(ArgumentResult result)
    {
        List<(string, string)> paths = [];
        foreach (string word in result.Tokens.Select(token => token.Value))
        {
            string[] sides = word.Split('=', 2);
            if (sides is [['/', ..], ['/', ..]])
            {
                paths.Add((sides[0], sides[1]));
            }
            else
            {
                result.AddError($"'{word}' is not OLD=NEW, two paths that begin with /");
            }
        }

        return [.. paths];
    }
}
