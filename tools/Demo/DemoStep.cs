namespace LazyRestore.Tools.Demo;

/// <summary>A step of the demo.</summary>
/// <param name="Name">Its name, which never changes.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Detail">What was seen.</param>
internal sealed record DemoStep(string Name, TimeSpan Took, string Detail);
