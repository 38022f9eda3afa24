using System.Reflection;
using System.Runtime.CompilerServices;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;
using LazyRestore.Tools.Tests.CommandLine;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>
/// What the documentation says is supported is what the code says. With LAZYRESTORE_WRITE_DOCS set, the documentation is written instead of compared.
/// </summary>
public sealed class SupportTests
{
    private const string Start = "<!-- The output of lazyrestore support; a test compares. -->\n";
    private const string End = "<!-- end -->";

    // These are about an image or its structure, or go with others.
    private static readonly Type[] s_structure = [typeof(HeaderRecord), typeof(MemoryLayoutRecord), typeof(DescriptorRecord)];

    [Fact]
    public void TheDocumentationHasTheTablesOfTheCode()
    {
        string path = DocumentationPath();
        string text = File.ReadAllText(path);
        string printed = Invocation.Of("support").Output;
        int start = text.IndexOf(Start, StringComparison.Ordinal) + Start.Length;
        int end = text.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("LAZYRESTORE_WRITE_DOCS") is not null)
        {
            File.WriteAllText(path, text[..start] + printed + text[end..]);
            return;
        }

        Assert.Equal(printed, text[start..end]);
    }

    [Fact]
    public void EveryRecordOfStateIsSaidToBeSupported()
    {
        IEnumerable<Type> records = typeof(CheckpointRecord).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(CheckpointRecord)) && !type.IsAbstract);

        Assert.Empty(records.Except(s_structure).Except(SupportedState.All.SelectMany(state => state.Records)));
    }

    [Fact]
    public void EveryRefusalIsInTheList()
    {
        IEnumerable<UnsupportedKind> declared = typeof(UnsupportedKind).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => field.GetValue(null)).OfType<UnsupportedKind>();

        Assert.Equal(declared, UnsupportedKind.All);
        Assert.Equal(UnsupportedKind.All.Count, UnsupportedKind.All.Select(kind => kind.Name).Distinct().Count());
    }

    private static string DocumentationPath([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "support.md");
}
