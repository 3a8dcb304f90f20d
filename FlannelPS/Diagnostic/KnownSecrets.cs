using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Diagnostics;

/// <summary>The secrets of this host's nodes, read where they stand, so that they are found wherever else they may have got to.</summary>
/// <param name="Values">Passwords, tokens and the like.</param>
/// <param name="KeyPieces">Pieces of private keys.</param>
internal sealed record KnownSecrets(IReadOnlyCollection<string> Values, IReadOnlyCollection<string> KeyPieces)
{
    private const int MaximumLength = 256 << 10, PieceLength = 16;

    /// <summary>Reads them. What may not be read is not known; what is in a bundle is then looked at by its form alone.</summary>
    /// <param name="settings">Files of variables and units.</param>
    /// <param name="processes">The nodes' processes.</param>
    /// <param name="given">What was said to this command.</param>
    /// <param name="keyFiles">Files of private keys that were said.</param>
    public static KnownSecrets Read(IEnumerable<string> settings, IEnumerable<int> processes, IEnumerable<string?> given, IEnumerable<string> keyFiles)
    {
        var texts = settings.Select(ReadFile).ToList();
        foreach (var process in processes)
        {
            texts.Add(ReadFile($"/proc/{process}/environ").Replace('\0', '\n'));
            // As words of a line, and as a line a word: a password may have blanks.
            var words = ReadFile($"/proc/{process}/cmdline").TrimEnd('\0');
            texts.Add(words.Replace('\0', ' '));
            texts.Add(Variables(words.Split('\0')));
        }
        texts.Add(string.Join('\n', Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("FLANNELD_", StringComparison.Ordinal)).Select(variable => $"{variable.Key}={variable.Value}")));
        var secrets = texts.SelectMany(SecretMask.Find).Concat(given.OfType<string>()).ToHashSet(StringComparer.Ordinal);
        return new(secrets, [.. texts.SelectMany(KeyFiles).Concat(keyFiles).Distinct(StringComparer.Ordinal).SelectMany(path => PiecesOfKey(ReadFile(path)))]);
    }

    /// <summary>The lines of a private key in pieces: what is twice as long as one, and of the key, has a whole one in it.</summary>
    internal static IEnumerable<string> PiecesOfKey(string pem)
    {
        if (!pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            return [];
        return pem.Split('\n', StringSplitOptions.TrimEntries).Where(line => !line.StartsWith("-----", StringComparison.Ordinal))
            .SelectMany(line => Enumerable.Range(0, line.Length / PieceLength).Select(piece => line.Substring(piece * PieceLength, PieceLength)));
    }

    private static IEnumerable<string> KeyFiles(string text)
        => text.Split(['\n', ' ']).Select(word => word.Trim('"', '\'')).Where(word => word.StartsWith("FLANNELD_ETCD_KEYFILE=", StringComparison.Ordinal) || word.TrimStart('-').StartsWith("etcd-keyfile=", StringComparison.Ordinal))
            .Select(word => word[(word.IndexOf('=') + 1)..].Trim('"', '\'')).Where(path => path.StartsWith('/'));

    /// <summary>Flags and what follows them, as variables.</summary>
    private static string Variables(string[] words)
        => string.Join('\n', words.Select((word, index) => word.TrimStart('-').Replace('-', '_') is var name && word.StartsWith('-')
            ? word.Contains('=', StringComparison.Ordinal) ? $"{word[..word.IndexOf('=')].TrimStart('-').Replace('-', '_')}={word[(word.IndexOf('=') + 1)..]}" : $"{name}={(index + 1 < words.Length ? words[index + 1] : "")}"
            : ""));

    private static string ReadFile(string path)
    {
        try
        {
            return SafeRead.TryReadAllBytes(path, MaximumLength) is { } bytes ? Encoding.UTF8.GetString(bytes) : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
