using FlannelPS.Engine.Etcd;
using FlannelPS.Lab;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>One etcd for a test class, and how to open stores on it.</summary>
public sealed class EtcdFixture : IAsyncLifetime
{
    private EtcdServer? _server;

    public EtcdServer Server => _server ?? throw new InvalidOperationException();

    public async ValueTask InitializeAsync()
    {
        if (EtcdServer.IsInstalled)
            _server = await EtcdServer.StartAsync();
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    public static void Need() => Assert.SkipUnless(EtcdServer.IsInstalled, "etcd is not installed (Debian: etcd-server)");

    internal static EtcdStore Open(StoreOptions options, EtcdStoreSettings? settings = null) => new(options, NullLogger.Instance, TimeProvider.System, settings);

    internal static EtcdStore Open(params string[] endpoints) => Open(new StoreOptions { Endpoints = endpoints });

    public static string NewPrefix() => $"/t/{Guid.NewGuid():N}/";
}
