using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary><c>--set-config FILE</c>: checks a network configuration and writes it to the store.</summary>
internal static class SetConfig
{
    /// <summary>Does it.</summary>
    /// <returns>What to tell the operator.</returns>
    /// <exception cref="StartupException">The file or the store refuses.</exception>
    public static async Task<string> RunAsync(DaemonOptions options, ILogger logger, TimeProvider time)
    {
        try
        {
            var content = options.ConfigFile == "-" ? await ReadStandardInputAsync().ConfigureAwait(false) : await File.ReadAllBytesAsync(options.ConfigFile!).ConfigureAwait(false);
            var config = NetworkConfigReader.Read(content);
            // Another backend than ours may be meant for nodes of the original; a wrong option of ours never is.
            if (BackendRegistry.Has(config.BackendType))
                BackendRegistry.Create(config);
            var keys = new StoreKeys(options.Prefix);
            var store = Store.Open(options.Store, logger, time);
            await using var scope = store.ConfigureAwait(false);
            var revision = await store.PutAsync(keys.Config, content, 0, CancellationToken.None).ConfigureAwait(false);
            return $"Wrote {keys.Config} at revision {revision}: {config.IPv4.Network}{(config.IPv6 is { } v6 ? $" and {v6.Network}" : "")}, subnets of /{config.IPv4.SubnetLength}, backend {config.BackendType}";
        }
        catch (NetworkConfigException e)
        {
            throw new StartupException($"{options.ConfigFile} is no usable network configuration: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The framework's own words are not in the native daemon.
            var why = e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : "it cannot be read: check its kind and its mode";
            throw new StartupException($"{options.ConfigFile}: {why}", e);
        }
        catch (Exception e) when (e is StoreException or ArgumentException)
        {
            throw new StartupException($"The network configuration is not written: {e.Message}", e);
        }
    }

    private static async Task<byte[]> ReadStandardInputAsync()
    {
        using var content = new MemoryStream();
        var input = Console.OpenStandardInput();
        await using var scope = input.ConfigureAwait(false);
        await input.CopyToAsync(content).ConfigureAwait(false);
        return content.ToArray();
    }
}
