using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.Node;

public sealed class FingerprintTests
{
    [Fact]
    public void Every_single_flipped_bit_and_the_place_of_the_border_change_it()
    {
        var bytes = Entropy.Bytes(200);
        var seen = new HashSet<ulong> { Fingerprint.Of(bytes) };
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.True(seen.Add(Fingerprint.Of(bytes)));
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
        for (var border = 0; border < bytes.Length; border++)
            Assert.True(seen.Add(Fingerprint.Of(bytes.AsSpan(0, border), bytes.AsSpan(border))), $"{border}");
        Assert.Matches("^[0-9a-f]{16}$", Fingerprint.Hex(bytes));
    }

    [Fact]
    public void Random_bytes_fill_what_was_asked_for_and_differ()
    {
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => Entropy.Hex(16)).Distinct().Count());
        Assert.Matches("^[0-9a-f]{512}$", Entropy.Hex(256));
        Assert.Empty(Entropy.Bytes(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Entropy.Bytes(257));
    }
}
