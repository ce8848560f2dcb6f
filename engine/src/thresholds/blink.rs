//! Limits of the blink detector.

/// Limits of the blink detector. Ratios are of the person's own open level, times in milliseconds.
///
/// Where a value has a reason in figures, they are those of 33 blinks of ten people, read at their own frame rate, at
/// 320×240, darkened and recompressed (`scripts/accuracy`), and of the lids that were lowered or half closed between them.
/// None was chosen for one person, and a tenth more or less changes the counts by one or two.
#[derive(Clone, Debug, PartialEq)]
pub struct BlinkThresholds {
    /// How far back the open level is learnt. Long enough for 12 samples at 8 frames/s, short enough to follow a person
    /// who relaxes after the stare that cameras bring about.
    pub learn_ms: u32,
    /// Least time and number of samples before the level is trusted.
    pub settle_ms: u32,
    /// See `settle_ms`.
    pub settle_samples: usize,
    /// Samples below this share do not teach the level: they are on their way down or up. Open eyes keep within 5 % of
    /// their level (standard deviation), so this is four times that.
    pub learn_ratio: f32,
    /// Least open level (EAR) at which lids can be told apart at all: closed eyes read 0.02 to 0.09, and must come to less
    /// than half the level. The narrowest open eyes we measured read 0.20, eyes screwed up in a laugh 0.15.
    pub min_open_level: f32,
    /// Lids neither open nor closed for longer than this are the person's new level. Longer than the way up of a slow
    /// blink.
    pub relearn_ms: u32,
    /// Both eyes' mean at or below this share of the open level: closed. Blinks came to 0.03–0.35 at their deepest (dim
    /// and noisy: up to 0.46), lowered lids and half blinks to 0.50 and more (dim and noisy: 0.46).
    pub closed_ratio: f32,
    /// The same for a single closed sample that lies at least `coarse_ms` after the one before: the deepest moment has
    /// most likely passed between the two.
    pub closed_ratio_coarse: f32,
    /// See `closed_ratio_coarse`: slower than about 17 frames/s.
    pub coarse_ms: u32,
    /// A dip that lasts longer than `lasting_ms` must come this deep: lids that stay down for so long are seen at their
    /// deepest. Long blinks came to 0.05–0.16; long dips above 0.35 were lowered eyes.
    pub lasting_ratio: f32,
    /// See `lasting_ratio`. Usual blinks are over by then.
    pub lasting_ms: u32,
    /// A dip in which only one sample is not open, though samples come closer than `coarse_ms`, must come this deep: a print
    /// that swings reads down to 0.40 for one frame (`accuracy attacks --only nod`), a blink is deeper or lasts longer.
    pub lone_ratio: f32,
    /// Neither eye may be above this share when the mean is closed: a wink is no blink. The less closed eye of a blink came
    /// to 0.5 at most, the other eye of a winker, which narrows as well, to 0.7 and more.
    pub closed_each_ratio: f32,
    /// Greatest EAR, mean of both eyes, of closed eyes: eyes that were wide open and are now half open are not closed.
    pub max_closed_ear: f32,
    /// At or above this share: open again. A slow blink after a stare came no further in its first 1.1 s.
    pub open_ratio: f32,
    /// And at least this much above the lowest: noise about the threshold opens no eyes.
    pub min_rise: f32,
    /// Below this share of what the eyes had just before (at most their level) they have begun to close; gives the blink's
    /// start. Three times
    /// the 5 % of `learn_ratio`.
    pub onset_ratio: f32,
    /// How far before the first closed sample its start is looked for.
    pub look_back_ms: u32,
    /// Shortest blink, from the last open sample to the first one after it: a single sample at 30 frames/s or more is a slip
    /// of the mesh, not a blink.
    pub min_blink_ms: u32,
    /// Shortest time from the end of one closure to the start of the next: lids that falter on their way up do not blink
    /// twice. The closest pair of blinks lay 130 ms apart.
    pub refractory_ms: u32,
    /// Longest blink, from its start to its end: slow ones take up to 1.2 s, and the end may be seen a little late.
    pub max_blink_ms: u32,
    /// Longest time from start to the first closed sample: lids that sink more slowly are a look down or sleepiness. The
    /// slowest blink took 240 ms, lids that were lowered and closed 350 ms and more.
    pub max_closing_ms: u32,
    /// Longest gap between readable eyes inside a blink: one lost frame at 8 frames/s, and some jitter.
    pub max_gap_ms: u32,
}
