using Spectre.Console;
using SpectreTable = Spectre.Console.Table;

namespace LazyRestore.Tools.Output;

/// <summary>
/// Draws tables. On a terminal they fit its width; on a pipe a row is a line however long, for grep and awk.
/// Nothing else touches Spectre.Console, so that commands without a table do not pay for its start.
/// </summary>
internal static class TableRenderer
{
    private const int Unlimited = 32_767;

    /// <summary>Draws <paramref name="table"/> to standard output.</summary>
    public static void Write(Table table, Streams streams)
    {
        if (table.Title is not null)
        {
            streams.Output.WriteLine(table.Title);
        }

        using StringWriter drawn = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = streams.Color ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = streams.Color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(drawn),
        });
        console.Profile.Width = streams.OutputIsTerminal ? TerminalSize.Columns() : Unlimited;
        console.Write(Build(table));

        // Spectre pads the last column to the width of its longest value.
        foreach (ReadOnlySpan<char> line in drawn.ToString().AsSpan().TrimEnd().EnumerateLines())
        {
            streams.Output.WriteLine(line.TrimEnd(' '));
        }
    }

    private static SpectreTable Build(Table table)
    {
        SpectreTable drawn = new() { Border = TableBorder.None, UseSafeBorder = true };
        int[] shown = [.. Enumerable.Range(0, table.Columns.Count).Where(i => table.Columns[i].Header is not null)];
        foreach (int i in shown)
        {
            Column column = table.Columns[i];
            drawn.AddColumn(new TableColumn(new Text(column.Header!, new Style(decoration: Decoration.Bold)))
            {
                Alignment = column.Right ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, i == shown[^1] ? 0 : 2, 0),
            });
        }

        foreach (Value[] row in table.Rows)
        {
            drawn.AddRow(shown.Select(i => new Text(row[i].ToString(), StyleOf(row[i]))));
        }

        return drawn;
    }

    private static Style StyleOf(Value value) => value.Mood switch
    {
        Mood.Good => new Style(Color.Green),
        Mood.Doubtful => new Style(Color.Yellow),
        Mood.Bad => new Style(Color.Red),
        _ => Style.Plain,
    };
}
