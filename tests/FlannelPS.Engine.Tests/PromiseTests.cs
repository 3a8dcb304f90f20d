using System.Text.RegularExpressions;

namespace FlannelPS.Engine.Tests;

/// <summary>docs/reliability.md is what the tests show, no more and no less.</summary>
public sealed partial class PromiseTests
{
    // Groups A to G and I of the promises, which a user may rely on; H and J where the data path and the module have them.
    private static readonly (int First, int Last)[] Groups = [(1, 14), (20, 28), (30, 35), (40, 47), (50, 53), (60, 76), (80, 85), (90, 93)];

    private static readonly Dictionary<string, SortedSet<string>> Citing = FindCiting();

    private static readonly Dictionary<string, string[]> Rows = File.ReadLines(Path.Combine(SourceTree.Root, "docs/reliability.md"))
        .Where(line => Row().IsMatch(line))
        .Select(line => line.Trim('|', ' ').Split(" | "))
        .ToDictionary(cells => cells[0], cells => cells, StringComparer.Ordinal);

    [Fact]
    public void Every_promise_has_a_row()
        => Assert.Empty(Groups.SelectMany(group => Enumerable.Range(group.First, group.Last - group.First + 1)).Select(number => $"F{number:d2}").Except(Rows.Keys));

    [Fact]
    public void Every_promise_that_a_test_cites_is_written_down() => Assert.Empty(Citing.Keys.Except(Rows.Keys));

    [Fact]
    public void Every_row_names_the_tests_that_show_it_or_says_why_there_is_none()
        => Assert.Empty(from row in Rows
                        where row.Key[0] is 'F' or 'I'
                        let wanted = Citing.TryGetValue(row.Key, out var files) ? string.Join(", ", files) : null
                        where wanted is null ? !row.Value[^1].StartsWith("not run: ", StringComparison.Ordinal) : row.Value[^1] != wanted
                        select $"{row.Key}: {wanted ?? "not run: the reason"}");

    private static Dictionary<string, SortedSet<string>> FindCiting()
    {
        var citing = new Dictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var file in SourceTree.Files("tests"))
            foreach (Match method in Method().Matches(File.ReadAllText(file)))
                Note(method.Groups[1].Value, Path.GetFileName(file).Split('.')[0]);
        foreach (var file in Directory.GetFiles(Path.Combine(SourceTree.Root, "tests/Module"), "*.Tests.ps1"))
            foreach (Match test in PesterTest().Matches(File.ReadAllText(file)))
                Note(test.Groups[1].Value, Path.GetFileName(file));
        return citing;

        void Note(string name, string file)
        {
            foreach (Match cited in Cited().Matches(name))
            {
                if (!citing.TryGetValue(cited.Value, out var files))
                    citing[cited.Value] = files = new(StringComparer.Ordinal);
                files.Add(file);
            }
        }
    }

    [GeneratedRegex(@"^\| [FILR]\d+ \|")]
    private static partial Regex Row();

    [GeneratedRegex(@"public (?:async )?(?:void|Task|ValueTask) (\w+)\(")]
    private static partial Regex Method();

    // A table of a Pester file cites by the id of its row.
    [GeneratedRegex(@"(?:\b(?:It|Describe|Context) |@\{ Id = )'((?:[^']|'')*)'")]
    private static partial Regex PesterTest();

    [GeneratedRegex(@"(?<![A-Za-z0-9])[FILR]\d+(?![A-Za-z0-9])")]
    private static partial Regex Cited();
}
