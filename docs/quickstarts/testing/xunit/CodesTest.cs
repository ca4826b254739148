using System.Net;
using System.Threading.Tasks;
using Xunit;

// xUnit runs the tests of different classes in parallel, those of one class in turn.
public class CodesTest
{
    [Fact]
    public Task PhoneIsVerifiedByItsCode()
    {
        return World.In(async world =>
        {
            var code = await Codes.Request(world);
            Assert.Equal(HttpStatusCode.OK, await Codes.Complete(world, code));
        });
    }
}

public class LateCodesTest
{
    [Fact]
    public Task CodeIsLateAfterAQuarterOfAnHour()
    {
        return World.In(async world =>
        {
            var code = await Codes.Request(world);
            await world.Advance("PT16M"); // no other test notices
            Assert.Equal(HttpStatusCode.Forbidden, await Codes.Complete(world, code));
        });
    }
}
