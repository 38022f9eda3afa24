using System.Text;

namespace LazyRestore.Tools.Dump.Support;

/// <summary>What is saved and what is refused, as tables for people.</summary>
internal static class SupportTables
{
    /// <summary>Both tables in Markdown.</summary>
    public static string Markdown()
    {
        StringBuilder text = new("## Saved and restored\n\n| state | remarks |\n|---|---|\n");
        foreach (SupportedState state in SupportedState.All)
        {
            text.Append("| ").Append(state.Name).Append(" | ").Append(state.Remarks).Append(state.Remarks.Length > 0 ? " |\n" : "|\n");
        }

        text.Append("\n## Refused\n\n| \"… cannot be saved yet\" | what helps |\n|---|---|\n");
        foreach (UnsupportedKind kind in UnsupportedKind.All)
        {
            text.Append("| ").Append(kind.Name).Append(" | ").Append(kind.Remedy).Append(kind.Remedy is null ? "|\n" : " |\n");
        }

        return text.ToString();
    }
}
