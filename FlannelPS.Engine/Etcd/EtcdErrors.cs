using FlannelPS.Engine.Etcd.Grpc;

namespace FlannelPS.Engine.Etcd;

/// <summary>Says what a failed call means to an operator.</summary>
/// <remarks>The texts compared with are etcd's (api/v3rpc/rpctypes/error.go); its codes alone do not tell them apart.</remarks>
internal static class EtcdErrors
{
    /// <summary>Builds the exception of a call that is given up.</summary>
    /// <param name="call">Which call.</param>
    /// <param name="what">What it was about: a key, a range, a lease.</param>
    /// <param name="endpoint">The endpoint that failed last.</param>
    /// <param name="failure">How it failed.</param>
    /// <param name="others">What other endpoints said, as text; empty for none.</param>
    public static StoreException Store(EtcdCall call, string what, string endpoint, GrpcException failure, string others = "")
    {
        var kind = Kind(failure);
        var ambiguous = RetryRules.IsAmbiguous(call, failure);
        var unknown = ambiguous ? " Whether it was applied is not known." : "";
        return new StoreException(kind, $"etcd {call}{(what.Length == 0 ? "" : " ")}{what} at {endpoint}: {failure.Message}{others}.{unknown} {Advice(kind, failure)}", failure)
        {
            Ambiguous = ambiguous,
        };
    }

    /// <summary>The class of a failure.</summary>
    public static StoreFailure Kind(GrpcException failure)
    {
        if (failure.Tls)
        {
            return StoreFailure.Tls;
        }
        if (!failure.FromServer)
        {
            return failure.Status is GrpcStatus.Unavailable or GrpcStatus.DeadlineExceeded or GrpcStatus.Cancelled
                ? StoreFailure.Unreachable
                : StoreFailure.Protocol;
        }
        return KindOf(failure.Message, failure.Status);
    }

    /// <summary>The class of what etcd said; also of the reason in a cancelled watch, which comes without a code.</summary>
    public static StoreFailure KindOf(string detail, GrpcStatus status)
    {
        if (detail.Contains("no leader", StringComparison.Ordinal))
        {
            return StoreFailure.NoLeader;
        }
        if (detail.Contains("space exceeded", StringComparison.Ordinal))
        {
            return StoreFailure.ReadOnly;
        }
        if (detail.Contains("permission denied", StringComparison.Ordinal) || status == GrpcStatus.PermissionDenied)
        {
            return StoreFailure.PermissionDenied;
        }
        if (status == GrpcStatus.Unauthenticated || detail.Contains("authentication failed", StringComparison.Ordinal) || WantsNewToken(detail))
        {
            return StoreFailure.Authentication;
        }
        return status is GrpcStatus.Unavailable or GrpcStatus.DeadlineExceeded or GrpcStatus.Cancelled ? StoreFailure.Unreachable : StoreFailure.Protocol;
    }

    /// <summary>Refused for the token alone, before the request was looked at (clientv3 shouldRefreshToken).</summary>
    public static bool WantsNewToken(string detail)
        => detail.Contains("invalid auth token", StringComparison.Ordinal)
            || detail.Contains("revision of auth store is old", StringComparison.Ordinal)
            || detail.Contains("user name is empty", StringComparison.Ordinal);

    private static string Advice(StoreFailure kind, GrpcException failure) => kind switch
    {
        StoreFailure.Unreachable => "Check that etcd runs there, that http or https fits, and that this host may reach it.",
        StoreFailure.NoLeader => "Bring a majority of the etcd members back, or use a member that belongs to it.",
        StoreFailure.Tls => "Check the CA file, the client certificate and its key, and the name in the endpoint.",
        StoreFailure.Authentication => "Check the etcd user and the password.",
        StoreFailure.PermissionDenied => "Grant this access to a role of the etcd user.",
        StoreFailure.ReadOnly => "etcd takes no writes: compact and defragment it, then disarm its NOSPACE alarm.",
        _ => failure.FromServer ? "etcd refuses the request as it is." : "Check that the endpoint is a client port of etcd v3.",
    };
}
