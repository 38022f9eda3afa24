using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Tests.Output;

/// <summary>One model, rendered for people and for programs.</summary>
public sealed class DocumentTests
{
    private static readonly Document s_document = new()
    {
        Fields =
        [
            new("image", "image", Value.Text("größe.ckpt")),
            new("memory_bytes", "memory size", Value.Bytes(2048)),
            new("freeze_us", "frozen for", Value.Duration(TimeSpan.FromMilliseconds(1.5))),
            new("missing", "missing", Value.None),
            new("hidden", null, Value.Flag(true)),
        ],
        Tables =
        [
            new Table
            {
                Name = "maps",
                Columns = [new("start", "START", Right: true), new("flags", "FLAGS"), new("object", null)],
                Rows =
                [
                    [Value.Address(0x1000), Value.List([Value.Text("locked"), Value.Text("huge_page")]), Value.Count(1)],
                    [Value.Address(ulong.MaxValue), Value.List([]), Value.None],
                ],
            },
            new Table { Name = "timers", Title = "Timers", Columns = [new("timer", "TIMER")], Rows = [] },
        ],
    };

    [Fact]
    public void JsonIsOneLineWithExactValues() => Assert.Equal(
        "{'event':'result','image':'größe.ckpt','memory_bytes':2048,'freeze_us':1500,'missing':null,'hidden':true,"
        + "'maps':[{'start':'0x1000','flags':['locked','huge_page'],'object':1},"
        + "{'start':'0xffffffffffffffff','flags':[],'object':null}],'timers':[]}\n",
        Render(json: true).Replace('"', '\''));

    [Fact]
    public void TextLinesUpAndLeavesOutWhatHasNoLabel() => Assert.Equal(
        """
        image:        größe.ckpt
        memory size:  2.00 KiB
        frozen for:   1.50 ms
        missing:      -

                     START  FLAGS
                    0x1000  locked, huge_page
        0xffffffffffffffff

        """,
        Render(json: false));

    [Fact]
    public void TextHasNoControlCharactersOffTheTerminal() => Assert.DoesNotContain('\e', Render(json: false));

    private static string Render(bool json)
    {
        using StringWriter output = new();
        new Reporter(Streams.Into(output, TextWriter.Null), new ReportingOptions { Json = json }).Result(s_document);
        return output.ToString();
    }
}
