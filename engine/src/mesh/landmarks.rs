//! Mesh indices by name. Left and right are the **subject's own**, here and everywhere in Blinkgate.
//!
//! MediaPipe contradicts itself on sides; we follow `face_landmarks_connections.h`, where 33 and 133 are the corners
//! of the subject's right eye.

/// Landmarks of the face mesh without irises.
pub const LANDMARKS: usize = 468;

/// Outer corner of the subject's right eye.
pub const RIGHT_EYE_OUTER: usize = 33;
/// Inner corner of the subject's right eye.
pub const RIGHT_EYE_INNER: usize = 133;
/// Outer corner of the subject's left eye.
pub const LEFT_EYE_OUTER: usize = 263;
/// Inner corner of the subject's left eye.
pub const LEFT_EYE_INNER: usize = 362;
/// Top of the forehead on the face's midline.
pub const FOREHEAD: usize = 10;
/// Tip of the chin.
pub const CHIN: usize = 152;
/// Cheek in front of the subject's right ear.
pub const RIGHT_CHEEK: usize = 234;
/// Cheek in front of the subject's left ear.
pub const LEFT_CHEEK: usize = 454;

/// Subject's right eye, p1…p6 of Soukupová & Čech 2016: outer corner, upper lid ×2, inner corner, lower lid ×2.
pub const RIGHT_EYE: [usize; 6] = [33, 160, 158, 133, 153, 144];
/// Subject's left eye, p1…p6: inner corner, upper lid ×2, outer corner, lower lid ×2.
pub const LEFT_EYE: [usize; 6] = [362, 385, 387, 263, 373, 380];

/// Points that keep their places on the skull while lids, brows and mouth move: eye corners, nose bridge, tip and
/// wings.
pub const RIGID: [usize; 12] = [33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 98, 327];

/// Points that move with a person's expression: lips, brows, cheeks.
pub const SOFT: [usize; 36] = [
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270,
    409, // Outline of the lips.
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, // Upper edges of the brows.
    205, 425, 50, 280, 187, 411, // Cheeks.
];

/// Number of points that a lid refiner places.
pub const EYE_POINTS: usize = 71;

/// The mesh indices that the right eye's refiner replaces, in the order of its outputs
/// (`landmarks_refinement` of MediaPipe's `tensors_to_face_landmarks_with_attention.pbtxt`).
pub const RIGHT_EYE_REFINED: [usize; EYE_POINTS] = [
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24, 23, 22, 26, 112,
    243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189,
    35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156, 70, 63, 105, 66, 107, 55, 193,
];

/// The mesh indices that the left eye's refiner replaces, in the order of its outputs.
pub const LEFT_EYE_REFINED: [usize; EYE_POINTS] = [
    263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255, 339, 254, 253, 252, 256,
    341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442,
    441, 413, 265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465, 383, 300, 293, 334, 296, 336,
    285, 417,
];
