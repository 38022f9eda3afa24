namespace LazyRestore.Tools.Commands;

/// <summary>How far apart two words are.</summary>
internal static class EditDistance
{
    /// <summary>The number of letters to insert, remove or replace to make one word the other (Levenshtein).</summary>
    public static int Between(string first, string second)
    {
        int[] previous = [.. Enumerable.Range(0, second.Length + 1)];
        for (int i = 1; i <= first.Length; i++)
        {
            int[] current = new int[second.Length + 1];
            current[0] = i;
            for (int j = 1; j <= second.Length; j++)
            {
                int replaced = previous[j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[^1];
    }
}
