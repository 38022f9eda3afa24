using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.State;

/// <summary>A process and its descendants while they run: who they are may change at any time.</summary>
internal static class LiveTree
{
    /// <summary>The process and those descendants that can be looked into.</summary>
    public static IReadOnlyList<ProcDirectory> Of(ProcDirectory root)
    {
        List<ProcDirectory> found = [root];
        for (int place = 0; place < found.Count; place++)
        {
            try
            {
                found.AddRange(found[place].Children().Select(child => new ProcDirectory(child)));
            }
            catch (LazyRestoreException) when (place > 0)
            {
                // It has ended since its parent was looked at.
            }
        }

        return found;
    }
}
