using LazyRestore.BusyHeap;

// Threads grow trees, throw most of them away and look at those they keep, while the collector works beside them. It speaks the protocol
// of tests/targets/target.h: DIR/ready, DIR/go, DIR/log.
string folder = args[0];
List<string> problems = [];
long ticks = 0;
bool stop = false;
Thread[] workers = [.. Enumerable.Range(0, 3).Select(seed => new Thread(() => Work(seed)))];
foreach (Thread worker in workers)
{
    worker.Start();
}

using Timer timer = new(_ => Interlocked.Increment(ref ticks), null, 5, 5);
Await(() => GC.CollectionCount(0) >= 10, "it never collected");
File.WriteAllText(Path.Combine(folder, "ready"), "");
while (!File.Exists(Path.Combine(folder, "go")))
{
    await Task.Delay(10);
}

int before = GC.CollectionCount(0);
long ticked = Interlocked.Read(ref ticks);
Await(() => GC.CollectionCount(0) >= before + 10, "it collects no more");
GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
Await(() => Interlocked.Read(ref ticks) > ticked, "the timer stands still");
Volatile.Write(ref stop, true);
foreach (Thread worker in workers)
{
    if (!worker.Join(TimeSpan.FromSeconds(30)))
    {
        Say("a thread does not end");
    }
}

File.WriteAllLines(Path.Combine(folder, "log"), [.. problems.Select(problem => $"differs: {problem}"), problems.Count == 0 ? "ok" : "failed"]);
return problems.Count == 0 ? 0 : 1;

void Work(int seed)
{
    Random random = new(seed);
    Tree?[] kept = new Tree?[64];
    while (!Volatile.Read(ref stop))
    {
        int at = random.Next(kept.Length);
        if (kept[at]?.IsWhole() is false)
        {
            Say($"tree {at} of thread {seed} differs");
        }

        kept[at] = new Tree(random.Next(4, 10), random.Next());
    }
}

void Await(Func<bool> condition, string problem)
{
    if (!SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)))
    {
        Say(problem);
    }
}

void Say(string problem)
{
    lock (problems)
    {
        problems.Add(problem);
    }
}
