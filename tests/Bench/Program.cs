using System.Runtime.InteropServices;
using FlannelPS.Bench;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

string[] names = [.. Rows.All.Select(row => row.Name), .. TunnelRows.All.Select(row => row.Name)];
var unknown = args.Where(name => !names.Contains(name)).ToList();
if (unknown.Count > 0)
{
    Console.Error.WriteLine($"bench: no row {string.Join(", ", unknown)}; there are: {string.Join(" ", names)}");
    return 2;
}

var subjects = Subject.All;
if (!subjects.Contains(Subject.Original))
{
    Console.WriteLine("FLANNELD is not set: the original is not measured beside");
}

var lines = new List<string>();
int failures = 0;
foreach (var row in Rows.All.Where(row => args.Length == 0 || args.Contains(row.Name)))
{
    var figures = subjects.ToDictionary(subject => subject, _ => new List<double>());
    try
    {
        using var bed = await Bed.CreateAsync(row.Backend, row.Leases, row.Tls, stop.Token);

        // In turn, so that what slows the machine down slows both.
        for (int round = 1; round <= row.Rounds; round++)
        {
            foreach (var subject in subjects.Where(subject => !row.OursOnly || subject == Subject.Ours))
            {
                try
                {
                    double figure = await row.MeasureAsync(bed, subject, stop.Token);
                    figures[subject].Add(figure);
                    Console.WriteLine($"{row.Name} {subject.Name} {round}/{row.Rounds}: {figure:0.###} {row.Unit}");
                }
                catch (Exception failure) when (failure is not OperationCanceledException || !stop.IsCancellationRequested)
                {
                    failures++;
                    Console.WriteLine($"{row.Name} {subject.Name} {round}/{row.Rounds}: failed: {failure.Message}");
                }
            }
        }
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        break;
    }

    lines.Add(Table.Line(row, subjects, figures));
}

var tunnelLines = new List<string>();
foreach (var row in TunnelRows.All.Where(row => (args.Length == 0 || args.Contains(row.Name)) && !stop.IsCancellationRequested))
{
    try
    {
        var (line, failed) = await TunnelTable.MeasureAsync(row, stop.Token);
        tunnelLines.Add(line);
        failures += failed;
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        break;
    }
}

if (lines.Count > 0)
{
    Console.WriteLine();
    Console.WriteLine(Table.Head(subjects));
    lines.ForEach(Console.WriteLine);
}

if (tunnelLines.Count > 0)
{
    Console.WriteLine();
    Console.WriteLine(TunnelTable.Head);
    tunnelLines.ForEach(Console.WriteLine);
}

return failures == 0 && !stop.IsCancellationRequested ? 0 : 1;

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
