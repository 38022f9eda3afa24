namespace LazyRestore.Tools.Output;

/// <summary>Results for people: named values in two columns, then tables.</summary>
internal sealed class TextResultWriter(Streams streams) : IResultWriter
{
    /// <inheritdoc/>
    public void Event(string name, ReadOnlySpan<Field> fields)
    {
    }

    /// <inheritdoc/>
    public void Error(FailureReport failure)
    {
    }

    /// <inheritdoc/>
    public void Result(Document document)
    {
        Field[] shown = [.. document.Fields.Where(field => field.Label is not null)];
        int width = shown.Select(field => field.Label!.Length).DefaultIfEmpty().Max();
        foreach (Field field in shown.Where(field => field.Value.AsData is null))
        {
            streams.Output.WriteLine($"{(field.Label + ':').PadRight(width + 1)}  {field.Value}");
        }

        foreach (Field field in shown.Where(field => field.Value.AsData is not null))
        {
            streams.Output.Write(field.Value.ToString());
        }

        // An empty array tells a program something; an empty table tells a reader nothing.
        bool apart = shown.Length > 0;
        foreach (Table table in document.Tables.Where(table => table.Rows.Count > 0))
        {
            if (apart)
            {
                streams.Output.WriteLine();
            }

            TableRenderer.Write(table, streams);
            apart = true;
        }
    }
}
