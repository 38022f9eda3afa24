using Xunit.Sdk;
using Xunit.v3;

// The machine may have two processors only, and the processes under test need them.
[assembly: Parallelization(Mode = ParallelMode.None)]
