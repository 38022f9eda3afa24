namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>What a run of the tool left.</summary>
internal sealed record CommandResult(string Command, int ExitCode, string Output, string Errors)
{
    internal CommandResult Exits(int expected)
    {
        Assert.True(ExitCode == expected, $"expected exit {expected} from {this}");
        return this;
    }

    /// <summary>The error text contains each of the words, whatever their case.</summary>
    internal CommandResult Names(params ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            Assert.True(Errors.Contains(word, StringComparison.OrdinalIgnoreCase), $"expected \"{word}\" in the errors of {this}");
        }

        // An error is a sentence for the user, never a stack trace.
        Assert.False(Errors.Contains("   at ", StringComparison.Ordinal), $"stack trace from {this}");
        return this;
    }

    public override string ToString() => $"{Command}\nexit {ExitCode}\n--- output\n{Output}\n--- errors\n{Errors}";
}
