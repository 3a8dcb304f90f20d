namespace FlannelPS.Engine.Kernel;

/// <summary>A 64-bit mark of some bytes, for names and to find damage. Not a defence against anybody.</summary>
/// <remarks>FNV-1a (RFC 9923) with MurmurHash3's last mixing, so that every bit counts in every digit. Without OpenSSL, see <see cref="Entropy"/>.</remarks>
internal static class Fingerprint
{
    /// <summary>The mark of two parts, one behind the other; where the first ends counts too.</summary>
    public static ulong Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        var hash = Add(Add(0xcbf29ce484222325, first) ^ (uint)first.Length, second);
        hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
        hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
        return hash ^ hash >> 33;
    }

    /// <summary>The mark as 16 lower-case hex digits.</summary>
    public static string Hex(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default) => Of(first, second).ToString("x16");

    private static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var octet in bytes)
            hash = unchecked((hash ^ octet) * 0x100000001b3);
        return hash;
    }
}
