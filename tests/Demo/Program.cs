using System.Diagnostics;
using System.Runtime.InteropServices;
using FlannelPS.Demo;

var clock = Stopwatch.StartNew();
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
string outcome;
bool worked = false;
try
{
    var options = DemoOptions.Parse(args);
    var demo = new Demo(options, clock);
    try
    {
        (worked, outcome) = await demo.RunAsync(stop.Token);
    }
    finally
    {
        demo.Dispose();
        demo.Say("removed everything again");
    }
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    outcome = "it was interrupted";
}
catch (Exception failure)
{
    outcome = failure.Message;
}

Console.WriteLine();
Console.WriteLine(worked ? $"demo: it worked: {outcome}; {clock.Elapsed.TotalSeconds:F1} s" : $"demo: it did not work: {outcome}");
return worked ? 0 : 1;

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
