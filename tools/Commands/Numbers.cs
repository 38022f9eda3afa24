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

    /// <summary>An amount of memory in MiB, at least one.</summary>
    public static int Mebibytes(ArgumentResult result) => AtLeast(1, "a number of MiB", result);

    /// <summary>An amount of bytes, with K, M, G or T for the powers of 1024.</summary>
    public static long Bytes(ArgumentResult result)
    {
        const string Units = "KMGT";
        string word = result.Tokens[0].Value;
        int unit = word.Length > 0 ? Units.IndexOf(char.ToUpperInvariant(word[^1]), StringComparison.Ordinal) : -1;
        if (long.TryParse(unit < 0 ? word : word[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && number > 0 && number <= long.MaxValue >> (10 * (unit + 1)))
        {
            return number << (10 * (unit + 1));
        }

        result.AddError($"'{word}' is not an amount of bytes such as 512M or 20G");
        return 1;
    }

    /// <summary>A time in seconds, more than zero; infinite when none is given.</summary>
    public static TimeSpan Seconds(ArgumentResult result)
    {
        const double Longest = 365 * 24 * 3600;
        string word = result.Tokens[0].Value;
        if (double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= Longest)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        result.AddError($"'{word}' is not a number of seconds");
        return Timeout.InfiniteTimeSpan;
    }

    /// <summary>A memory address: hexadecimal, with or without 0x.</summary>
    public static ulong? Address(ArgumentResult result)
    {
        if (result.Tokens.Count is 0)
        {
            return null;
        }

        string word = result.Tokens[0].Value;
        ReadOnlySpan<char> digits = word.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? word.AsSpan(2) : word;
        if (!ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address))
        {
            result.AddError($"'{word}' is not an address in hexadecimal");
        }

        return address;
    }

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
