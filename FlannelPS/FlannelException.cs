namespace FlannelPS;

/// <summary>What a cmdlet could not do: the message says what and why, <see cref="RecommendedAction"/> what to do about it.</summary>
/// <param name="errorId">The stable id of about_FlannelPS_Errors, such as <c>StoreUnreachable</c>.</param>
/// <param name="message">One line.</param>
/// <param name="recommendedAction">One sentence.</param>
/// <param name="inner">What was caught.</param>
public sealed class FlannelException(string errorId, string message, string recommendedAction, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The stable id of about_FlannelPS_Errors.</summary>
    public string ErrorId { get; } = errorId;

    /// <summary>What to do about it.</summary>
    public string RecommendedAction { get; } = recommendedAction;
}
