using System.Text;

namespace LazyRestore.Tools.Output;

/// <summary>Where a command writes, and what is at the other end. Writers are made at their first use.</summary>
internal sealed class Streams
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Lazy<TextWriter> _output;
    private readonly Lazy<TextWriter> _error;

    private Streams(Func<TextWriter> output, Func<TextWriter> error)
    {
        _output = new Lazy<TextWriter>(output);
        _error = new Lazy<TextWriter>(error);
    }

    /// <summary>Data: results, tables, JSON.</summary>
    public TextWriter Output => _output.Value;

    /// <summary>Logs, progress and errors.</summary>
    public TextWriter Error => _error.Value;

    /// <summary>Whether standard input is a person's.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>Whether a person reads standard output.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether a person reads standard error.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Whether colours are wanted: never on a pipe, and not when NO_COLOR is set (no-color.org).</summary>
    public bool Color { get; init; }

    /// <summary>The streams of this process.</summary>
    public static Streams OfProcess()
    {
        bool outputIsTerminal = IsTerminal(StandardOutput);
        return new Streams(() => Open(StandardOutput), () => Open(StandardError))
        {
            InputIsTerminal = IsTerminal(StandardInput),
            OutputIsTerminal = outputIsTerminal,
            ErrorIsTerminal = IsTerminal(StandardError),
            Color = outputIsTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
        };
    }

    /// <summary>Streams that gather text, with nobody at the other end.</summary>
    public static Streams Into(TextWriter output, TextWriter error) => new(() => output, () => error);

    /// <summary>The same streams with results on standard error, for commands whose data takes standard output.</summary>
    public Streams WithResultsOnError() => new(() => Error, () => Error)
    {
        InputIsTerminal = InputIsTerminal,
        OutputIsTerminal = OutputIsTerminal,
        ErrorIsTerminal = ErrorIsTerminal,
    };

    private static bool IsTerminal(int descriptor) => Interop.isatty(descriptor) is 1;

    private static StreamWriter Open(int descriptor) => new(new DescriptorStream(descriptor), s_utf8, bufferSize: 4096) { AutoFlush = true };
}
