namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>What one call needs besides its message.</summary>
/// <param name="Path"><c>/package.Service/Method</c>, case-sensitive.</param>
/// <param name="Timeout">How long the call may take once it was sent; also told to the server.</param>
/// <param name="ConnectPatience">How long to wait for a connection; the attempt itself goes on for a later call.</param>
/// <param name="Token">etcd's token; null for none.</param>
/// <param name="RequireLeader">Fail with "no leader" instead of hanging on a member that is cut off (etcd rpctypes/md.go).</param>
internal readonly record struct GrpcCall(string Path, TimeSpan Timeout, TimeSpan ConnectPatience, string? Token, bool RequireLeader);
