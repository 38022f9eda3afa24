namespace LazyRestore.Agent.Tests.Moving;

public sealed class ThreadMoverOutcomeTests() : MoverOutcomeTests(code: null);
