using LazyRestore.Agent.Costs;
using LazyRestore.Agent.Faults;

namespace LazyRestore.Agent.Tests.Costs;

/// <summary>The measurement works on this kernel; what it finds depends on the machine.</summary>
public sealed class CostMeasurementTests
{
    [Fact]
    public void EveryCombinationIsMeasured()
    {
        if (!UserFault.Probe().HasFlag(UserFaultFeatures.Move))
        {
            Assert.Skip("UFFDIO_MOVE");
        }

        PlacementCosts costs = CostMeasurement.Measure(MeasurementPlan.Quick);
        Assert.All(costs.All, cost => Assert.InRange(cost.Nanoseconds, 0.01, 1e9));
        foreach (int threads in MeasurementPlan.Quick.ThreadCounts)
        {
            foreach (int batch in MeasurementPlan.Quick.SmallBatches)
            {
                Assert.All(Enum.GetValues<PlacementKind>(), kind => Assert.NotNull(costs.Of(kind, inHugePages: false, batch, threads)));
            }

            // Huge pages are measured where the machine has one to spare.
            Assert.Null(costs.Of(PlacementKind.Copy, inHugePages: true, 512, threads));
        }
    }
}
