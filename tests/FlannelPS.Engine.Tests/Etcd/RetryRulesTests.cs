using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Etcd.Grpc;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>One row per call, and one per kind of failure.</summary>
public sealed class RetryRulesTests
{
    private static readonly GrpcException NotSent = new(GrpcStatus.Unavailable, "cannot connect") { NotProcessed = true };
    private static readonly GrpcException Broken = new(GrpcStatus.Unavailable, "the connection broke");
    private static readonly GrpcException Late = new(GrpcStatus.DeadlineExceeded, "no answer in time");
    private static readonly GrpcException Timeout = Server(GrpcStatus.Unavailable, "etcdserver: request timed out");
    private static readonly GrpcException NoLeader = Server(GrpcStatus.Unavailable, "etcdserver: no leader");
    private static readonly GrpcException Learner = Server(GrpcStatus.Unavailable, "etcdserver: rpc not supported for learner");
    private static readonly GrpcException NoSpace = Server(GrpcStatus.ResourceExhausted, "etcdserver: mvcc: database space exceeded");
    private static readonly GrpcException Denied = Server(GrpcStatus.PermissionDenied, "etcdserver: permission denied");

    private static GrpcException Server(GrpcStatus status, string text) => new(status, text) { FromServer = true };

    [Theory]
    [InlineData("Range", "Repeatable")]
    [InlineData("Put", "OnlyIfNotSent")]
    [InlineData("DeleteRange", "OnlyIfNotSent")]
    [InlineData("Txn", "OnlyIfNotSent")]
    [InlineData("Watch", "Repeatable")]
    [InlineData("LeaseGrant", "Repeatable")]
    [InlineData("LeaseKeepAlive", "Repeatable")]
    [InlineData("LeaseRevoke", "Repeatable")]
    [InlineData("LeaseTimeToLive", "Repeatable")]
    [InlineData("Authenticate", "OnlyIfNotSent")]
    [InlineData("Status", "Repeatable")]
    public void Each_call_has_its_rule(string name, string rule)
    {
        var call = Enum.Parse<EtcdCall>(name);
        var repeatable = Enum.Parse<RetryRule>(rule) == RetryRule.Repeatable;
        Assert.Equal(repeatable, RetryRules.Of(call) == RetryRule.Repeatable);
        Assert.All([NotSent, NoLeader, Learner], failure => Assert.True(RetryRules.MayRepeat(call, failure)));
        Assert.All([Broken, Late, Timeout], failure => Assert.Equal(repeatable, RetryRules.MayRepeat(call, failure)));
        Assert.All([NoSpace, Denied], failure => Assert.False(RetryRules.MayRepeat(call, failure)));
    }

    [Fact]
    public void Every_call_stands_in_the_table() => Assert.All(Enum.GetValues<EtcdCall>(), call => RetryRules.Of(call));

    [Fact]
    public void Only_a_write_whose_fate_is_unknown_is_ambiguous()
    {
        Assert.All([EtcdCall.Put, EtcdCall.DeleteRange, EtcdCall.Txn], write =>
        {
            Assert.All([Broken, Late, Timeout], failure => Assert.True(RetryRules.IsAmbiguous(write, failure)));
            Assert.All([NotSent, NoLeader, Learner, NoSpace, Denied], failure => Assert.False(RetryRules.IsAmbiguous(write, failure)));
        });
        Assert.False(RetryRules.IsAmbiguous(EtcdCall.Range, Broken));
    }
}
