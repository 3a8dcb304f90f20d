using System.IO.Compression;
using System.Text;
using FlannelPS.Diagnostics;

namespace FlannelPS.Engine.Tests.Diagnostic;

public sealed class DiagnosticBundleTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_fits_is_left_whole()
    {
        DiagnosticEntry[] entries = [new("a.txt", new('a', 1000)), new("b/c.json", "{}")];
        var (fitting, cuts) = DiagnosticBundle.Fit(entries, 1 << 20);
        Assert.Equal(entries, fitting);
        Assert.Empty(cuts);
    }

    [Fact]
    public void Only_the_longest_are_cut_a_log_at_its_beginning_and_both_by_another_name()
    {
        var log = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"line {i}\n"));
        DiagnosticEntry[] entries = [new("small.txt", "whole"), new("log.txt", log) { KeepsEnd = true }, new("big.json", new('x', 500_000)), new("middle.txt", new('m', 10_000))];
        var (fitting, cuts) = DiagnosticBundle.Fit(entries, 100_000);
        Assert.Equal(["small.txt", "log.txt.cut", "big.json.cut", "middle.txt"], fitting.Select(entry => entry.Path));
        Assert.EndsWith("line 99999\n", fitting[1].Text);
        Assert.Equal(10_000, fitting[3].Text.Length);
        Assert.True(Math.Abs(fitting[1].Text.Length - fitting[2].Text.Length) <= 4);
        Assert.Equal(2, cuts.Count);
        Assert.StartsWith("log.txt: the last ", cuts[0]);
        Assert.InRange(fitting.Sum(entry => entry.Text.Length), 90_000, 100_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_character_is_never_cut_in_two(bool keepsEnd)
    {
        for (var maximum = 600; maximum < 640; maximum++)
        {
            var text = DiagnosticBundle.Fit([new("x", string.Concat(Enumerable.Repeat("aé😀", 100))) { KeepsEnd = keepsEnd }], maximum).Entries[0].Text;
            Assert.DoesNotContain('\ufffd', text);
            Assert.InRange(Encoding.UTF8.GetByteCount(text), maximum - 512 - 3, maximum - 512);
        }
    }

    [Fact]
    public void The_file_never_exceeds_what_it_may_have_whatever_is_in_it()
    {
        var random = new Random(5);
        for (var round = 0; round < 20; round++)
        {
            // Text that cannot be compressed, many entries, long names.
            var entries = Enumerable.Range(0, random.Next(1, 60)).Select(i => new DiagnosticEntry($"{new string('n', random.Next(1, 90))}/{i}", Convert.ToBase64String(Bytes(random.Next(0, 90_000))))).ToList();
            const int Maximum = 256 << 10;
            Assert.True(DiagnosticBundle.Zip(DiagnosticBundle.Fit(entries, Maximum).Entries, Time).Length <= Maximum);
        }

        byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }
    }

    [Fact]
    public void The_file_is_one_that_others_read_with_the_summary_first_and_nothing_for_others_eyes()
    {
        using var zip = new ZipArchive(new MemoryStream(DiagnosticBundle.Zip([new("summary.txt", "é\n"), new("nodes/flannel/status.json", "{}")], Time)));
        Assert.Equal(["summary.txt", "nodes/flannel/status.json"], zip.Entries.Select(entry => entry.FullName));
        Assert.All(zip.Entries, entry => Assert.Equal(0x8180, entry.ExternalAttributes >>> 16));
        using var reader = new StreamReader(zip.Entries[0].Open());
        Assert.Equal("é\n", reader.ReadToEnd());
    }

    [Fact]
    public void The_summary_says_what_is_wrong_what_to_do_and_what_is_missing()
    {
        var text = DiagnosticSummary.Render(
            "2026-11-26 12:00:00Z on host", [new FlannelNode("flannel", "Stopped", 0, "none runs\nof that name")],
            [
                new("StoreContact", "Store", FlannelTestStatus.Fail, "no answer", "etcd is down", "start it", "http://x", "", TimeSpan.Zero),
                new("RpFilter", "Kernel", FlannelTestStatus.Warn, "strict", "", "", "", "flannel", TimeSpan.Zero),
                new("Good", "Kernel", FlannelTestStatus.Pass, "fine", "", "", "", "", TimeSpan.Zero),
            ],
            [new("nodes/flannel/events.json", """[{"time":"2026-11-26T11:59:00Z","level":"Warning","name":"StoreLost","message":"gone"},{"time":"2026-11-26T11:59:01Z","level":"Information","name":"X","message":"not this"}]"""), DiagnosticEntry.Missing("firewall/nft.txt", "nft is not installed")],
            ["log.txt: the last 5 of 9 bytes"], 3);
        foreach (var line in new[]
        {
            "flannel: Stopped, not ready", "  cause: none runs of that name", "StoreContact of the host (http://x): no answer", "  cause:  etcd is down", "  remedy: start it", "RpFilter of flannel: strict",
            "2026-11-26 11:59:00Z flannel Warning StoreLost: gone", "firewall/nft.txt: nft is not installed", "log.txt: the last 5 of 9 bytes",
        })
            Assert.Contains($"\n{line}\n", text);
        Assert.Contains(": 3 places.", text);
        Assert.DoesNotContain("not this", text);
        Assert.DoesNotContain("fine", text);
    }
}
