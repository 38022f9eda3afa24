namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A directory of one test, gone with it unless LAZYRESTORE_KEEP is set.</summary>
internal sealed class Scratch : IDisposable
{
    internal string Folder { get; } = Directory.CreateTempSubdirectory("lazyrestore-e2e-").FullName;

    internal string File(string name) => Path.Combine(Folder, name);

    internal string Text(string name)
    {
        try
        {
            return System.IO.File.ReadAllText(File(name));
        }
        catch (IOException)
        {
            return "";
        }
    }

    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("LAZYRESTORE_KEEP") is null)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
