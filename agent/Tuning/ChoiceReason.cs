namespace LazyRestore.Agent.Tuning;

/// <summary>Why a method was taken.</summary>
public enum ChoiceReason
{
    /// <summary>There is no other: no mover.</summary>
    OnlyWay,

    /// <summary>The user said so.</summary>
    Told,

    /// <summary>Nothing was known of this machine: what is usually right.</summary>
    Assumed,

    /// <summary>The costs of this machine, measured before, speak for it.</summary>
    KnownCosts,

    /// <summary>Placing pages by the other method took longer.</summary>
    Measured,
}
