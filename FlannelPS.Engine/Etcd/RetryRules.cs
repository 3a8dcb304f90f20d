using FlannelPS.Engine.Etcd.Grpc;

namespace FlannelPS.Engine.Etcd;

/// <summary>The calls of etcd's API that are in use.</summary>
internal enum EtcdCall
{
    Range,
    Put,
    DeleteRange,
    Txn,
    Watch,
    LeaseGrant,
    LeaseKeepAlive,
    LeaseRevoke,
    LeaseTimeToLive,
    Authenticate,
    Status,
}

/// <summary>May a call be made again after it failed on its way?</summary>
internal enum RetryRule
{
    /// <summary>Doing it twice is as good as doing it once.</summary>
    Repeatable,

    /// <summary>Only where the first one surely was not processed; else the application reads again and decides.</summary>
    OnlyIfNotSent,
}

/// <summary>The retry rule of each call, and what it means for a failure.</summary>
/// <remarks>Rule by rule as etcd's own client has it (client/v3/retry.go).</remarks>
internal static class RetryRules
{
    /// <summary>The rule of one call.</summary>
    public static RetryRule Of(EtcdCall call) => call switch
    {
        EtcdCall.Range => RetryRule.Repeatable,
        EtcdCall.Put => RetryRule.OnlyIfNotSent,
        EtcdCall.DeleteRange => RetryRule.OnlyIfNotSent,
        EtcdCall.Txn => RetryRule.OnlyIfNotSent,
        EtcdCall.Watch => RetryRule.Repeatable,            // opening it; a stream that broke is the caller's to resume
        EtcdCall.LeaseGrant => RetryRule.Repeatable,       // a lost grant merely expires
        EtcdCall.LeaseKeepAlive => RetryRule.Repeatable,
        EtcdCall.LeaseRevoke => RetryRule.Repeatable,      // revoking what is gone is no error
        EtcdCall.LeaseTimeToLive => RetryRule.Repeatable,
        EtcdCall.Authenticate => RetryRule.OnlyIfNotSent,  // bcrypt: each one costs the cluster a tenth of a second
        EtcdCall.Status => RetryRule.Repeatable,
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    /// <summary>Whether the call may be made once more, at the next endpoint.</summary>
    public static bool MayRepeat(EtcdCall call, GrpcException failure)
    {
        if (failure.NotProcessed && !failure.FromServer)
        {
            return true;
        }
        if (failure.FromServer && RefusedUnread(failure))
        {
            return true;
        }
        return Of(call) == RetryRule.Repeatable && !failure.TooLarge && (!failure.FromServer || failure.Status == GrpcStatus.Unavailable);
    }

    /// <summary>Whether a write may have been applied although the call failed.</summary>
    public static bool IsAmbiguous(EtcdCall call, GrpcException failure)
    {
        if (call is not (EtcdCall.Put or EtcdCall.DeleteRange or EtcdCall.Txn) || failure.NotProcessed)
        {
            return false;
        }
        if (!failure.FromServer)
        {
            return true;
        }
        return !RefusedUnread(failure) && failure.Status is GrpcStatus.Unavailable or GrpcStatus.DeadlineExceeded or GrpcStatus.Cancelled or GrpcStatus.Unknown or GrpcStatus.Internal or GrpcStatus.DataLoss;
    }

    /// <summary>What etcd answers before it looks at the request: the member has no leader (checked by its interceptor), or is a learner.</summary>
    private static bool RefusedUnread(GrpcException failure)
        => failure.Message.Contains("no leader", StringComparison.Ordinal) || failure.Message.Contains("not supported for learner", StringComparison.Ordinal);
}
