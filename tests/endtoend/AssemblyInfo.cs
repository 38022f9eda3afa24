using Xunit.Sdk;
using Xunit.v3;

// Process IDs, processors and the page cache are shared by all tests of a machine: one after the other.
[assembly: Parallelization(Mode = ParallelMode.None)]
