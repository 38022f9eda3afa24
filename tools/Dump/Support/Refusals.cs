using System.Text;

namespace LazyRestore.Tools.Dump.Support;

/// <summary>Something of the process that an image cannot hold.</summary>
/// <param name="Subject">Where it is, such as <c>descriptor 7</c> or <c>thread 1234</c>.</param>
/// <param name="Kind">What kind of state it is.</param>
/// <param name="Detail">What exactly was found; empty when the kind says it all.</param>
public sealed record Refusal(string Subject, UnsupportedKind Kind, string Detail)
{
    /// <summary>The sentence for the user.</summary>
    public override string ToString() => Detail.Length > 0
        ? $"{Subject}: {Kind.Name} ({Detail}) cannot be saved yet"
        : $"{Subject}: {Kind.Name} cannot be saved yet";
}

/// <summary>Gathers all that cannot be saved, so that the user hears of everything at once.</summary>
public sealed class Refusals
{
    private readonly List<Refusal> _all = [];

    /// <summary>The process that is looked at, when it is not the one that the dump is of; null otherwise.</summary>
    public int? Process { get; set; }

    /// <summary>What was refused so far.</summary>
    public IReadOnlyList<Refusal> All => _all;

    /// <summary>Adds something that cannot be saved; what was found already is not repeated.</summary>
    public void Add(string subject, UnsupportedKind kind, string detail = "")
    {
        string whole = Process is { } process && subject != $"process {process}" ? $"{subject} of process {process}" : subject;
        Refusal refusal = new(whole, kind, detail);
        if (!_all.Contains(refusal))
        {
            _all.Add(refusal);
        }
    }

    /// <summary>Ends the dump when anything was refused.</summary>
    /// <exception cref="LazyRestoreException">With reason <see cref="FailureReason.Unsupported"/>, naming everything.</exception>
    public void ThrowIfAny(int pid)
    {
        if (_all.Count == 0)
        {
            return;
        }

        string remedy = string.Join(' ', _all.Select(refusal => refusal.Kind.Remedy).OfType<string>().Distinct());
        throw new LazyRestoreException(FailureReason.Unsupported, Describe(pid), remedy.Length > 0 ? remedy : null);
    }

    private string Describe(int pid)
    {
        if (_all.Count == 1)
        {
            string process = $"process {pid}";
            return _all[0].Subject == process ? $"{_all[0]}" : $"{process}: {_all[0]}";
        }

        StringBuilder text = new($"process {pid} has state that cannot be saved yet:");
        foreach (Refusal refusal in _all)
        {
            text.Append("\n  ").Append(refusal);
        }

        return text.ToString();
    }
}
