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

/// More points that keep their places on the skull: nose, eye corners, cheekbones, forehead. No lids, brows, lips or jaw.
pub const SKULL: [usize; 54] = [
    // Bridge, tip and base of the nose.
    8, 168, 6, 197, 195, 5, 4, 1, 19, 94, 2, //
    // Its sides and wings, right and left.
    122, 196, 3, 51, 45, 220, 48, 64, 98, 97, //
    351, 419, 248, 281, 275, 440, 278, 294, 327, 326, //
    // Corners of the eyes.
    33, 133, 362, 263, //
    // Cheekbones.
    116, 117, 118, 119, 100, 101, //
    345, 346, 347, 348, 329, 330, //
    // Forehead.
    10, 151, 9, 109, 338, 108, 337,
];

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

/// The face's outline (`FACEMESH_FACE_OVAL` of MediaPipe). The face's box, and with it the next frame's region, is that of
/// these points.
pub const OUTLINE: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];

/// Landmarks whose depth is read, for the head's pose.
pub const WITH_DEPTH: [usize; 4] = [FOREHEAD, CHIN, RIGHT_CHEEK, LEFT_CHEEK];

/// Landmarks whose places matter by themselves, not only for the box around them.
const PLACED: [&[usize]; 5] = [&RIGHT_EYE, &LEFT_EYE, &RIGID, &SKULL, &SOFT];

/// Number of landmarks in [`RIGHT_EYE_READ`] and in [`LEFT_EYE_READ`].
const EYE_READ_COUNT: usize = 14;

/// The landmarks that the engine reads of those that the right eye's refiner places, in the order of its outputs. The others
/// only frame the eye before it is refined, and keep the trunk's places where a refiner leaves them out.
pub const RIGHT_EYE_READ: [usize; EYE_READ_COUNT] = select(&RIGHT_EYE_REFINED, &PLACED);

/// The same of the left eye.
pub const LEFT_EYE_READ: [usize; EYE_READ_COUNT] = select(&LEFT_EYE_REFINED, &PLACED);

/// Number of landmarks in [`READ`].
pub const READ_COUNT: usize = 245;

/// Every landmark that the engine reads, in ascending order. The others are in the full networks only.
pub const READ: [usize; READ_COUNT] = {
    let mut all = [0; LANDMARKS];
    let mut landmark = 0;
    while landmark < LANDMARKS {
        all[landmark] = landmark;
        landmark += 1;
    }
    select(
        &all,
        &[&OUTLINE, &RIGHT_EYE_REFINED, &LEFT_EYE_REFINED, &RIGHT_EYE, &LEFT_EYE, &RIGID, &SKULL, &SOFT, &WITH_DEPTH],
    )
};

/// Those of `landmarks` that stand in one of `lists`. Does not compile if there are not `N`.
const fn select<const N: usize>(landmarks: &[usize], lists: &[&[usize]]) -> [usize; N] {
    let mut selected = [0; N];
    let (mut index, mut count) = (0, 0);
    while index < landmarks.len() {
        if is_listed(landmarks[index], lists) {
            selected[count] = landmarks[index];
            count += 1;
        }
        index += 1;
    }
    assert!(count == N, "there are not as many landmarks as declared");
    selected
}

const fn is_listed(landmark: usize, lists: &[&[usize]]) -> bool {
    let mut list = 0;
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            if lists[list][index] == landmark {
                return true;
            }
            index += 1;
        }
        list += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_landmarks_that_are_read_are_listed_once_each_and_include_those_with_a_name() {
        assert!(READ.windows(2).all(|pair| pair[0] < pair[1]), "{READ:?}");
        let lists: [&[usize]; 6] = [&RIGHT_EYE, &LEFT_EYE, &WITH_DEPTH, &RIGID, &SKULL, &SOFT];
        for landmark in lists.concat() {
            assert!(READ.contains(&landmark), "{landmark}");
        }
    }

    #[test]
    fn of_an_eye_the_lids_are_read_and_the_points_around_it_that_other_lists_name() {
        assert_eq!(RIGHT_EYE_READ, [33, 144, 153, 133, 160, 158, 117, 118, 119, 70, 63, 105, 66, 107]);
        assert_eq!(LEFT_EYE_READ, [263, 373, 380, 362, 387, 385, 346, 347, 348, 300, 293, 334, 296, 336]);
    }
}
