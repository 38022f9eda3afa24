namespace LazyRestore.Restore.Programs;

/// <summary>
/// How a call lies in the memory of the process that runs it: 64 bytes, one cache line.
/// <code>
///  0  u32  system call number
///  4  u16  flags: bits 0-5 "argument i is the address of the value", bit 6 "stop when the call fails",
///          bit 7 "a task that the call creates, which sees 0, goes on with the next call"
///  6  u16  how many of the calls that follow are skipped by everyone else
///  8  u64  six arguments
/// 56  i64  result
/// </code>
/// </summary>
internal static class CallLayout
{
    internal const int Size = 64;
    internal const int Arguments = 6;
    internal const int FlagsOffset = 4;
    internal const int SkipOffset = 6;
    internal const int ArgumentsOffset = 8;
    internal const int ResultOffset = 56;
    internal const uint StopOnErrorFlag = 1 << 6;
    internal const uint BranchFlag = 1 << 7;
}
