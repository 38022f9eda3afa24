using System.Globalization;

namespace LazyRestore.Tools.Demo;

/// <summary>A perl program with a list in memory: at SIGUSR1 it writes its first value, at SIGUSR2 a digest of all, to a file.</summary>
internal sealed class PerlProgram(string folder, int mebibytes) : DemoProgram(folder)
{
    private const int SIGUSR1 = 10;
    private const int SIGUSR2 = 12;

    // A file appears whole, by a rename. Signals that come between two waits are seen after the second.
    private const string Source = """
        my ($folder, $count, $seed) = @ARGV;
        my @asked;
        $SIG{USR1} = sub { push @asked, 'first' };
        $SIG{USR2} = sub { push @asked, 'digest' };
        my @data = map { pack('NN', $seed, $_) x 128 } 1 .. $count;
        sub tell_of {
            my ($name, $text) = @_;
            open my $file, '>', "$folder/$name.new" or die;
            print $file $text;
            close $file;
            rename "$folder/$name.new", "$folder/$name";
        }
        tell_of('ready', 1);
        while (1) {
            select undef, undef, undef, 0.001 unless @asked;
            my $what = shift @asked or next;
            if ($what eq 'first') { tell_of($what, unpack 'N', $data[0]); next }
            my $sum = 0;
            $sum = ($sum * 31 + unpack '%32N*', $_) % 4294967291 for @data;
            tell_of($what, scalar(@data) . "-$sum");
        }
        """;

    /// <inheritdoc/>
    public override string Name => "perl";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command =>
    [
        "perl", "-e", Source, Folder,
        (mebibytes * 1024).ToString(CultureInfo.InvariantCulture),
        Random.Shared.Next().ToString(CultureInfo.InvariantCulture),
    ];

    /// <inheritdoc/>
    public override void Fill(CancellationToken cancellation) =>
        Await(() => File.Exists(Path.Combine(Folder, "ready")), "the data", cancellation);

    /// <inheritdoc/>
    public override void AwaitAnswer(CancellationToken cancellation)
    {
        // Before that it has no handlers, and a signal would end it.
        Fill(cancellation);
        Ask(SIGUSR1, "first", cancellation);
    }

    /// <inheritdoc/>
    public override string Digest(CancellationToken cancellation) => Ask(SIGUSR2, "digest", cancellation);

    private string Ask(int signal, string name, CancellationToken cancellation)
    {
        string path = Path.Combine(Folder, name);
        File.Delete(path);
        Interop.kill(ProcessId, signal);
        Await(() => File.Exists(path), "an answer", cancellation);
        return File.ReadAllText(path);
    }
}
