using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.Kernel;

public sealed class ProgramRunTests
{
    private const int Much = 8 << 20;
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public void What_it_reads_prints_complains_of_and_ends_with_is_told()
    {
        var result = Run("cat; echo bad >&2; pwd; exit 7", "some text\n");
        Assert.Equal((ProgramEnding.Exited, 7), (result.Ending, result.ExitCode));
        Assert.Equal("some text\n/\n", Encoding.UTF8.GetString(result.Output));
        Assert.Equal("bad\n", Encoding.UTF8.GetString(result.Error));
    }

    [Fact]
    public void Long_input_and_long_output_do_not_wait_for_each_other()
    {
        var text = new string('x', 4 << 20);
        var result = Run("cat; cat /dev/zero | head -c 200000 >&2", text);
        Assert.Equal(text.Length, result.Output.Length);
        Assert.Equal(64 << 10, result.Error.Length);
    }

    [Fact]
    public void I6_It_gets_no_variable_but_those_it_is_given()
        => Assert.Equal("ONE=1", Encoding.UTF8.GetString(Run("/usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=", "").Output).Trim());

    [Fact]
    public void What_prints_too_much_or_takes_too_long_is_killed()
    {
        Assert.Equal((ProgramEnding.TooLong, 128 + 9), Ending(Run("exec cat /dev/zero", "")));
        Assert.Equal((ProgramEnding.TooLate, 128 + 9), Ending(Run("exec sleep 100", "", TimeSpan.FromMilliseconds(200))));
        Assert.Equal((ProgramEnding.Exited, 128 + 15), Ending(Run("kill -15 $$", "")));

        static (ProgramEnding, int) Ending(ProgramResult result) => (result.Ending, result.ExitCode);
    }

    [Fact]
    public void F35_Runs_leave_no_descriptor_and_no_zombie()
    {
        Run("true", "");
        var before = Directory.GetFiles("/proc/self/fd").Length;
        for (var i = 0; i < 300; i++)
            Run("true", "x");
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 150);    // other tests run beside this one
        Assert.Throws<FileException>(() => ProgramRun.Run("/nowhere/nft", [], new Dictionary<string, string>(), [], Much, Long));
        Assert.Throws<FileException>(() => RuntimeProgramRun.Run("/nowhere/nft", [], new Dictionary<string, string>(), [], Much, Long));
    }

    // Both ways to run one give the same.
    private static ProgramResult Run(string script, string input, TimeSpan? limit = null)
    {
        var (variables, text) = (new Dictionary<string, string> { ["ONE"] = "1" }, Encoding.UTF8.GetBytes(input));
        var result = ProgramRun.Run("/bin/sh", ["-c", script], variables, text, Much, limit ?? Long);
        var other = RuntimeProgramRun.Run("/bin/sh", ["-c", script], variables, text, Much, limit ?? Long);
        Assert.Equal((result.Ending, result.ExitCode), (other.Ending, other.ExitCode));
        Assert.Equal(result.Output, other.Output);
        Assert.Equal(result.Error, other.Error);
        return result;
    }
}
