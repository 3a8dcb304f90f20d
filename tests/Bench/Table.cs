namespace FlannelPS.Bench;

/// <summary>The figures as a Markdown table.</summary>
internal static class Table
{
    /// <summary>Its head.</summary>
    public static string Head(IReadOnlyList<Subject> subjects) =>
        $"| what | {string.Join(" | ", subjects.Select(subject => subject.Name))} | ratio | to reach |\n| --- |{string.Concat(subjects.Select(_ => " ---: |"))} ---: | --- |";

    /// <summary>One line: medians, with the range in brackets where there were several, and the first subject's part of the second's.</summary>
    public static string Line(Row row, IReadOnlyList<Subject> subjects, IReadOnlyDictionary<Subject, List<double>> figures)
    {
        var cells = subjects.Select(subject => figures[subject] switch
        {
            [] => row.OursOnly && subject == Subject.Original ? "not measured" : "failed",
            [var only] => Format(only, row.Unit),
            var many => $"{Format(Median(many), row.Unit)} ({Number(many.Min())} to {Number(many.Max())})",
        });
        string ratio = subjects.Count == 2 && subjects.All(subject => figures[subject].Count > 0) && Median(figures[subjects[1]]) is > 0 and var other
            ? (Median(figures[subjects[0]]) / other).ToString("F3")
            : "";
        return $"| {row.What} | {string.Join(" | ", cells)} | {ratio} | {row.ToReach} |";
    }

    /// <summary>The middle value; the mean of the two in the middle when their number is even.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Format(double value, string unit) => unit.Length == 0 ? Number(value) : $"{Number(value)} {unit}";

    private static string Number(double value) => Math.Abs(value) switch
    {
        < 1 => value.ToString("0.###"),
        < 100 => value.ToString("0.#"),
        _ => value.ToString("0"),
    };
}
