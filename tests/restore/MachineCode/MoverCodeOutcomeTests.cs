using LazyRestore.Agent.Tests.Moving;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Tests.MachineCode;

/// <summary>The mover's machine code in a process of its own, and what it reports.</summary>
public sealed class MoverCodeOutcomeTests() : MoverOutcomeTests(MoverCode.Bytes.ToArray());
