using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace FlannelPS.Lab;

/// <summary>What a test wants of its etcd.</summary>
public sealed record EtcdServerOptions
{
    /// <summary>1, or 3 for a cluster.</summary>
    public int Members { get; init; } = 1;

    /// <summary>The address to listen on.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>What to put before the command, as <c>ip netns exec NAME</c>.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>The first client port; 0 for free ones. Inside a namespace of its own every port is free.</summary>
    public int ClientPort { get; init; }

    /// <summary>Server certificate for the client port; null for plain text.</summary>
    public CertificateFiles? Certificate { get; init; }

    /// <summary>Authorities of client certificates; where given, a client must show one.</summary>
    public string? ClientCaFile { get; init; }

    /// <summary>Further flags of etcd.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];
}

/// <summary>Real etcd processes on ports and a folder of their own; they and the folder are gone after <see cref="DisposeAsync"/>.</summary>
public sealed class EtcdServer : IAsyncDisposable
{
    private static readonly HttpClient Gateway = new(new SocketsHttpHandler { UseProxy = false });
    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-etcd-").FullName;

    private EtcdServer(EtcdServerOptions options)
    {
        var ports = options.ClientPort == 0
            ? FreePorts(options.Members * 2)
            : [.. Enumerable.Range(options.ClientPort, options.Members * 2)];
        var cluster = string.Join(',', Enumerable.Range(0, options.Members).Select(i => $"m{i}=http://{options.Address}:{ports[(2 * i) + 1]}"));
        Members = [.. Enumerable.Range(0, options.Members).Select(i => new EtcdMember(options, _folder, i, ports[2 * i], ports[(2 * i) + 1], cluster))];
    }

    /// <summary>The members, in the order of <see cref="Endpoints"/>.</summary>
    public IReadOnlyList<EtcdMember> Members { get; }

    /// <summary>All client addresses.</summary>
    public IReadOnlyList<string> Endpoints => [.. Members.Select(member => member.Endpoint)];

    /// <summary>The first client address.</summary>
    public string Endpoint => Members[0].Endpoint;

    /// <summary>Whether etcd is on this machine.</summary>
    public static bool IsInstalled => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "etcd")));

    /// <summary>Starts all members and waits until they serve.</summary>
    /// <exception cref="InvalidOperationException">One did not come up; the message has the end of its log.</exception>
    public static async Task<EtcdServer> StartAsync(EtcdServerOptions? options = null)
    {
        var server = new EtcdServer(options ?? new());
        try
        {
            await Task.WhenAll(server.Members.Select(member => member.StartAsync()));
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls etcd's JSON gateway (plain text, from this namespace only), as <c>kv/compaction</c>.</summary>
    public async Task<JsonElement> CallAsync(string method, object request, string? token = null)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{Endpoint}/v3/{method}") { Content = new StringContent(JsonSerializer.Serialize(request)) };
        if (token is not null)
            message.Headers.TryAddWithoutValidation("Authorization", token);
        using var response = await Gateway.SendAsync(message);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement
            : throw new InvalidOperationException($"{method}: {(int)response.StatusCode} {text}");
    }

    /// <summary>Kills what still runs and removes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var member in Members)
            await member.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Ports that nobody listens on now.</summary>
    public static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(listeners, listener => listener.Start());
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        Array.ForEach(listeners, listener => listener.Stop());
        return ports;
    }
}
