// @ts-check
/**
 * Every text that people read, one catalogue per language, keyed by code. Knows no elements and no flow.
 *
 * The pages contain the English texts too, so that they can be read before (and without) JavaScript; a test compares
 * both. `language.js` fills in `{name}`; keys that end in `.one` and `.other` are plural forms.
 */

/** @typedef {Record<string, string>} Catalogue */

/** @type {Catalogue} */
const en = {
  'brand': 'Blinkgate',
  'skip': 'Skip to the content',
  'no_script': 'This page needs JavaScript. Turn it on for this site and reload the page.',
  'footer': 'This page loads nothing from other sites.',
  'document.title': '{screen} · Blinkgate',

  'steps.label': 'Progress',
  'steps.address': 'Address',
  'steps.mail': 'Mail',
  'steps.camera': 'Camera',
  'steps.done': 'Done',

  'register.title': 'Confirm your address with a blink',
  'register.lead': 'We mail you a link. It opens a camera check that takes about a minute.',
  'register.email': 'E-mail address',
  'register.submit': 'Send me the link',
  'register.sending': 'Sending…',
  'register.how': 'How it works',
  'register.how.mail': 'You get a mail',
  'register.how.mail.text': 'Open its link, ideally on the device whose camera you want to use.',
  'register.how.blink': 'You blink when asked',
  'register.how.blink.text':
    'You may also be asked to turn your head a little. Your browser watches; the video never leaves your device.',
  'register.how.result': 'You are verified',
  'register.how.result.text': 'Two small pictures and a signed record are checked here. Then you are done.',

  'check_mail.title': 'Check your mail',
  'check_mail.sent': 'We sent a link to {email}. It only works for a short time.',
  'check_mail.sent_unknown': 'If you entered your address, a link is on its way. It only works for a short time.',
  'check_mail.device': 'Open the link in a browser on the device whose camera you want to use.',
  'check_mail.missing': 'Nothing there?',
  'check_mail.missing.wait': 'Wait a minute and look in the spam folder.',
  'check_mail.missing.spelling': 'Make sure the address is spelled correctly.',
  'check_mail.resend': 'Send it again',
  'check_mail.resend_in': 'Send it again in {seconds} s',
  'check_mail.resent': 'We sent another link. You only need to open the newest one.',
  'check_mail.other': 'Use another address',

  'check.loading': 'Your check',
  'check.mailed': '{site} would like to know that you control {email}. We sent a link there; it opens the check.',
  'check.waiting': 'You can leave this page open: it goes on by itself when you are done.',
  'check.lead': '{site} would like to see that a live person uses {email}. The camera stays off until you turn it on.',
  'check.code.title': 'Type the code from your mail',
  'check.code.lead': '{site} would like to know that you control {email}. We sent a code there.',
  'check.code.label': 'Code of six digits',
  'check.code.link':
    'The same mail has a link. It opens the check on another device; this page goes on by itself when you are done.',
  'check.ended.verified': 'You are verified',
  'check.ended.verified.text': 'You can go on at {site}.',
  'check.ended.review': 'Somebody will look at your check',
  'check.ended.review.text': 'You do not have to wait here: {site} will know how it went.',
  'check.ended': 'This check has ended',
  'check.ended.text': 'Go back to {site}.',
  'check.back': 'Back to {site}',

  'verify.title': 'Open your camera check',
  'verify.lead': 'Your link opens the camera check. The camera stays off until you turn it on there.',
  'verify.redeem': 'Continue',
  'verify.redeeming': 'One moment…',
  'verify.why': 'Why a button? Mail programs open links to scan them. Only you can press it.',
  'verify.new_link': 'Send a new link',
  'verify.stopped.title': 'This link cannot be used',

  'priming.title': 'The camera check',
  'priming.lead.natural': 'You look at the camera and blink once. It takes about a minute.',
  'priming.lead':
    'You look at the camera. You will be asked to blink, to close your eyes, or to turn your head a little. It takes ' +
    'about a minute.',
  'priming.for': '{email} · {attempts}',
  'priming.video': 'The video stays on this device',
  'priming.video.text': 'Your browser reads your eyes itself. No video is sent or recorded.',
  'priming.sent': 'A few small pictures are sent',
  'priming.sent.text':
    'Eyes open, eyes closed, a strip of tiny ones in between, and a signed record of the measurements: up to ' +
    '120 kB. This site may keep them as evidence for a time.',
  'priming.size': 'About {size} will be downloaded first',
  'priming.size.text': 'That is the eye reader. Your browser may keep it for next time.',
  'priming.tips': 'For a good start',
  'priming.tip.light': 'Light from the front',
  'priming.tip.level': 'Camera at eye level',
  'priming.tip.glasses': 'No sunglasses, no hat',
  'priming.tones': 'Guide me with tones',
  'priming.tones.text':
    'You close your eyes and open them when a tone sounds. A falling tone means “turn your head left”, a rising one ' +
    '“right”, and two that meet “face the camera again”. For slow blinks, or if you cannot see the prompts.',
  'priming.no_turn': 'I cannot turn my head',
  'priming.no_turn.text': 'You will be asked for more blinks instead, and the record says so.',
  'priming.start': 'Turn on the camera',
  'priming.asks': 'Your browser will ask for permission.',
  'priming.cancelled': 'You ended the check. No picture was sent. If you end checks often, they count as attempts.',
  'priming.tone_unheard':
    'You can do the check without tones: the prompts are also shown, and read out by screen readers.',
  'priming.attempts.one': '{count} attempt left',
  'priming.attempts.other': '{count} attempts left',

  'hearing.title': 'Do you hear the tone?',
  'hearing.lead': 'It means “open your eyes”: you will wait for it with your eyes shut.',
  'hearing.speak': 'Speak the prompts, too',
  'hearing.speak.text': 'With a voice of your device. Leave this off if a screen reader speaks to you.',
  'hearing.yes': 'Yes, turn on the camera',
  'hearing.again': 'Play it again',
  'hearing.no': 'I hear nothing',
  'hearing.no.text':
    'Turn the volume up, disconnect headphones that you do not wear, and on a phone turn off silent mode. Then play ' +
    'the tone again.',
  'hearing.without': 'Go on without tones',

  'another_way': 'I can’t do this',
  'another_way.text':
    'Nobody has to blink at a camera. If you cannot or do not want to, write to the people who run this site and ' +
    'ask for another way: they can check your request by hand. Include the address you registered. You do not have ' +
    'to say why.',
  'another_way.site': 'Ask {site} for another way',

  'elsewhere.title': 'In another browser or on another device',
  'elsewhere.text': 'Open this link there. It leads to your check; keep it to yourself.',
  'elsewhere.copy': 'Copy the link',
  'elsewhere.copied': 'Copied',
  'elsewhere.copy_failed': 'Please copy it yourself',
  'elsewhere.code': 'Show a code for a phone',
  'elsewhere.code.label': 'The link as a QR code',
  'elsewhere.code.text': 'Point the camera of a phone at this code, and open the link that it shows.',

  'loading.title': 'One moment',
  'starting.title': 'Getting ready',
  'starting.camera': 'Camera',
  'starting.camera.waiting': 'Please allow the camera',
  'starting.camera.ready': 'On',
  'starting.camera.unanswered':
    'Look for your browser’s permission prompt, often near the address bar, and allow the camera. If there is none, ' +
    'open the link from your mail in Chrome, Firefox or Safari instead.',
  'starting.engine': 'Eye reader',
  'starting.engine.loading': '{loaded} of {total}',
  'starting.engine.loading_unknown': '{loaded}',
  'starting.engine.preparing': 'Almost ready…',
  'starting.engine.ready': 'Ready',

  'align.title': 'Line up your face',
  'recording.title': 'Blink once',
  'recording.prompted.title': 'Follow the prompts, one by one',
  'capture.video': 'What your camera sees, mirrored',
  'capture.steps': '{done} of {steps} done',
  'capture.privacy': 'This video stays on your device.',
  'capture.camera': 'Camera',
  'capture.camera_number': 'Camera {number}',
  'capture.seconds': '{seconds} s left',
  'capture.ten_seconds': 'Ten seconds left.',
  'capture.slow': 'This device is slow. Blink a little more slowly and hold still.',
  'cancel': 'Cancel',

  'hint.starting': 'Looking for your face…',
  'hint.no_face': 'Put your face in the oval',
  'hint.several_faces': 'Only one person, please',
  'hint.too_dark': 'Find more light',
  'hint.too_dark.left': 'More light on your right side',
  'hint.too_dark.right': 'More light on your left side',
  'hint.too_bright': 'Face away from the bright light',
  'hint.too_far': 'Come closer',
  'hint.too_close': 'Move back a little',
  'hint.off_center': 'Move to the middle',
  'hint.off_center.left': 'Move left',
  'hint.off_center.right': 'Move right',
  'hint.off_center.up': 'Move down a little',
  'hint.off_center.down': 'Move up a little',
  'hint.turned': 'Look straight ahead',
  'hint.tilted': 'Hold your head upright',
  'hint.blurred': 'Hold still',
  'hint.eyes_unreadable': 'Uncover your eyes, avoid glare',
  'hint.eyes_unreadable.left': 'Uncover your right eye',
  'hint.eyes_unreadable.right': 'Uncover your left eye',
  'hint.settling': 'Keep your eyes open',
  'hint.hold': 'Good. Stay there',
  'hint.preparing': 'Get ready…',
  'hint.blink': 'Now blink once',
  'hint.ask_fetch': 'Good',
  'hint.ask_wait': 'Keep your eyes open and wait',
  'hint.ask_once': 'Blink once',
  'hint.ask_twice': 'Blink twice',
  'hint.ask_hold': 'Eyes shut until the tone',
  'hint.ask_tone': 'Open your eyes',
  'hint.ask_turn_left': 'Turn your head left',
  'hint.ask_turn_right': 'Turn your head right',
  'hint.ask_turn_back': 'Face the camera',
  'hint.open_again': 'Open your eyes again',

  'spoken.no_face': 'No face in view. Hold the device in front of your face.',
  'spoken.several_faces': 'More than one person is in view. Make sure you are alone.',
  'spoken.eyes_unreadable':
    'Your eyes cannot be read. Take off sunglasses, keep hair and hands away, and turn or tilt your glasses until ' +
    'they reflect no light.',
  'spoken.eyes_unreadable.left':
    'Your right eye cannot be seen. Uncover it, or turn until your glasses reflect no light.',
  'spoken.eyes_unreadable.right':
    'Your left eye cannot be seen. Uncover it, or turn until your glasses reflect no light.',
  'spoken.too_dark.left': 'The right side of your face is too dark. Turn it towards the light.',
  'spoken.too_dark.right': 'The left side of your face is too dark. Turn it towards the light.',
  'spoken.hold': 'Good. Stay there and keep your eyes open.',
  'spoken.ask_wait': 'Keep your eyes open and wait for the prompt.',
  'spoken.ask_once': 'Blink once.',
  'spoken.ask_twice': 'Blink twice.',
  'spoken.ask_hold': 'Close your eyes, and open them when you hear the tone.',
  'spoken.ask_tone': 'Open your eyes.',
  'spoken.ask_turn_left': 'Turn your head to the left.',
  'spoken.ask_turn_right': 'Turn your head to the right.',
  'spoken.ask_turn_back': 'Face the camera again.',
  'spoken.blink': 'Now blink once: close your eyes briefly and open them again.',

  'uploading.title': 'Checking…',
  'uploading.preparing': 'Signing the record…',
  'uploading.sending': 'Sending {loaded} of {total}',
  'uploading.checking': 'Sent. The pictures are being checked.',
  'uploading.again.network': 'The connection was lost. Sending will resume by itself.',
  'uploading.again.offline': 'You are offline. Sending will resume as soon as you are back online.',
  'uploading.again.busy':
    'Many people are being checked right now. Keep this page open: it will continue by itself, and no attempt is ' +
    'lost.',
  'giving_up.title': 'Time’s up',

  'verified.title': 'You are verified',
  'verified.going': 'To your result',
  'verified.lead': '{email} is confirmed. You can close this page and go back to the site that sent you.',

  'verified.kept':
    'The measurements from the pictures are kept as evidence; the pictures themselves may be kept for a time. The ' +
    'video was never stored.',

  'failed.title': 'That did not work',
  'failed.sent': 'These two pictures were sent',
  'failed.open': 'Open eyes',
  'failed.closed': 'Closed eyes',
  'failed.retry': 'Try again',
  'failed.attempts.one': 'You have {count} attempt left.',
  'failed.attempts.other': 'You have {count} attempts left.',
  'failed.exhausted': 'No attempts are left. Ask for a new link.',
  'failed.wait.one': 'No attempts are left for now. Try again in {count} minute; a new link does not help before.',
  'failed.wait.other': 'No attempts are left for now. Try again in {count} minutes; a new link does not help before.',
  'failed.new_link': 'Ask for a new link',

  'result.title': 'Your result',
  'pending.title': 'Not finished yet',
  'pending.lead': 'The camera check for {email} has not been done yet.',
  'pending.start': 'Go to the camera check',

  'paused.title': 'Paused',
  'paused.continue': 'Continue',
  'paused.paused_hidden.title': 'Paused',
  'paused.paused_hidden.text':
    'The camera was turned off because you left this page. This does not count as an attempt.',
  'paused.paused_idle.title': 'Paused',
  'paused.paused_idle.text':
    'The camera was turned off after a few minutes without a clear view of your face. More light from the front ' +
    'helps most.',
  'paused.camera_ended.title': 'The camera stopped',
  'paused.camera_ended.text':
    'A call, another program or a loose cable can cause that. This does not count as an attempt.',

  'not_found.title': 'This page does not exist',
  'not_found.text': 'The address may be mistyped, or the page has moved.',
  'not_found.home': 'Go to the start page',

  'action.retry': 'Try again',
  'action.reload': 'Reload the page',
  'action.register': 'Ask for a new link',
  'action.check': 'Back to the check',

  'recipe.ios':
    'On an iPhone or iPad: tap the icon next to the address, choose the website settings and allow the camera. If ' +
    'the camera is off for the whole browser, allow it in the Settings app.',
  'recipe.android':
    'On Android: tap the icon before the address, choose permissions and allow the camera. If you opened the link ' +
    'inside another app, open it in your browser instead.',
  'recipe.desktop':
    'Click the icon before the address, open the site’s permissions and allow the camera. On a Mac or on Windows ' +
    'the browser itself also needs to be allowed in the system’s privacy settings.',

  'recipe.pixels.firefox':
    'In Firefox and browsers made from it: click the picture icon before the address and allow this site to read ' +
    'canvas data. If there is no icon, open about:config and set privacy.resistFingerprinting to false. Then reload ' +
    'this page.',
  'recipe.pixels.brave':
    'In Brave: click the lion icon beside the address, open the advanced controls and turn off “Block ' +
    'fingerprinting” for this site. Then reload this page.',
  'recipe.pixels.other':
    'Look in your browser’s privacy settings, and among its extensions, for protection against fingerprinting. Turn ' +
    'it off for this site, then reload this page.',

  'recipe.wasm.apple':
    'On an iPhone, iPad or Mac in Lockdown Mode: tap the icon beside the address, choose the website settings and ' +
    'turn Lockdown Mode off for this site. Then reload this page.',
  'recipe.wasm.firefox':
    'In Firefox: open about:config and set javascript.options.wasm to true. In Tor Browser: set the security level ' +
    'to Standard. Then reload this page.',
  'recipe.wasm.other':
    'Look in your browser’s security settings for strict or enhanced protection. Turn it off for this site, then ' +
    'reload this page.',

  // Problems: not the person's fault, and no attempt is used up.
  'problem.email_missing.title': 'Enter your address',
  'problem.email_missing.text': 'Enter your e-mail address.',
  'problem.email_invalid.title': 'This does not look like an address',
  'problem.email_invalid.text':
    'This does not look like an e-mail address. Please check it, for example name@example.org.',
  'problem.too_many_requests.title': 'Too many requests',
  'problem.too_many_requests.text': 'Too many requests in a short time. Wait a little and try again.',
  'problem.too_many_requests_in.text': 'Too many requests in a short time. Try again in {seconds} seconds.',
  'problem.origin_refused.title': 'The request was refused',
  'problem.origin_refused.text':
    'The request did not come from this site’s own page. Open the link from your mail directly in a browser.',

  'problem.token_missing.title': 'No link here',
  'problem.token_missing.text': 'This page is opened by the link in your mail. Open that link, or ask for a new one.',
  'problem.token_unknown.title': 'This link is unknown',
  'problem.token_unknown.text':
    'The link may be cut off or replaced by a newer one. Open the newest mail, or ask for a new link.',
  'problem.token_expired.title': 'This link is too old',
  'problem.token_expired.text': 'Links only work for a short time. Ask for a new one; it takes a moment.',
  'problem.token_used.title': 'This link has already been used',
  'problem.token_used.text': 'Each link works for one check. If you are not done yet, ask for a new one.',

  'problem.check_expired.title': 'The time for this check is over',
  'problem.check_expired.text': 'Go back to the site that sent you and start again from there.',
  'problem.check_final.title': 'This check has ended',
  'problem.check_final.text': 'Go back to the site that sent you.',
  'problem.client_token_missing.title': 'Nothing to do here',
  'problem.client_token_missing.text': 'This page is opened from the site that asked for a check. Start from there.',
  'problem.client_token_unknown.title': 'This address is not valid any more',
  'problem.client_token_unknown.text': 'Go back to the site that sent you and start again from there.',
  'problem.client_token_expired.title': 'Too much time has passed',
  'problem.client_token_expired.text': 'Go back to the site that sent you and start again from there.',
  'problem.code_wrong.title': 'That is not the code',
  'problem.code_wrong.text': 'Look at the newest mail and try again.',
  'problem.code_expired.title': 'This code does not count any more',
  'problem.code_expired.text':
    'Open the link in the mail instead, or go back to the site that sent you and start again.',
  'problem.link_needed.title': 'Open the link from your mail',
  'problem.link_needed.text': 'This check is opened by the link that we mailed you.',

  'problem.session_missing.title': 'Open the link from your mail first',
  'problem.session_missing.text': 'The camera check starts with the link that we mail you, in the same browser.',
  'problem.cookies_blocked.title': 'Cookies are blocked',
  'problem.cookies_blocked.text':
    'Your browser keeps no cookies of this site. The check needs one, to know you again on its next page. Allow ' +
    'cookies for this site in your browser’s settings, then open the link from your mail again.',
  'problem.session_expired.title': 'Your time for the check is up',
  'problem.session_expired.text': 'For your safety the check is only open for a short time. Ask for a new link.',
  'problem.session_replaced.title': 'The check continues elsewhere',
  'problem.session_replaced.text':
    'Your link was opened again, in another browser or by a mail program. Open it from your mail again to continue ' +
    'here.',
  'problem.cooling_down.title': 'Please wait first',
  'problem.cooling_down.text':
    'Several checks of this address failed or were left. For safety the next one has to wait; a new link does not ' +
    'help before.',
  'cooling_down.wait.one': 'Try again in {count} minute, or ask the people who run this site for another way.',
  'cooling_down.wait.other': 'Try again in {count} minutes, or ask the people who run this site for another way.',
  'problem.attempts_exhausted.title': 'No attempts are left',
  'problem.attempts_exhausted.text':
    'You have used every attempt of this link. Ask for a new link, or ask the people who run this site for another ' +
    'way.',
  'problem.already_verified.title': 'You are already verified',
  'problem.already_verified.text': 'There is nothing more to do.',

  'problem.camera_insecure.title': 'This page is not secure',
  'problem.camera_insecure.text':
    'Browsers allow the camera only on secure pages. Open this site with an address that begins with https://.',
  'problem.camera_unsupported.title': 'This browser has no camera access',
  'problem.camera_unsupported.text':
    'Open the link in a current Chrome, Firefox or Safari, not inside another app.',
  'problem.camera_missing.title': 'No camera was found',
  'problem.camera_missing.text': 'Connect a camera and try again, or go on with your phone.',
  'problem.in_app_browser.title': 'The camera does not start inside this app',
  'problem.in_app_browser.text':
    'You opened the link inside another app, which does not let pages use the camera. Choose “Open in browser” in ' +
    'its menu, or copy the link into Chrome, Firefox or Safari.',
  'problem.camera_denied.title': 'The camera is not allowed',
  'problem.camera_denied.text': 'Your browser does not let this site use the camera. Allow it, then try again.',
  'problem.camera_policy.title': 'The camera is blocked for this page',
  'problem.camera_policy.text':
    'It was not you: the page or server that shows you this check does not let it use the camera. Open the link from ' +
    'your mail in a window of its own. If that is what you did, tell the people who run this site.',
  'problem.camera_unanswered.title': 'The camera is still waiting for you',
  'problem.camera_unanswered.text': 'Your browser’s question was not answered. Try again and allow the camera.',
  'problem.camera_busy.title': 'The camera is in use',
  'problem.camera_busy.text': 'Close other programs and tabs that use the camera, then try again.',
  'problem.camera_overconstrained.title': 'The camera cannot do this',
  'problem.camera_overconstrained.text': 'It does not deliver a usable picture. Choose another camera or device.',
  'problem.camera_no_picture.title': 'The camera sends no picture',
  'problem.camera_no_picture.text': 'Check its cover or shutter, reconnect it, and try again.',
  'problem.camera_failed.title': 'The camera did not start',
  'problem.camera_failed.text': 'Try again. If it happens again, restart the browser or use another device.',

  'problem.wasm_disabled.title': 'Your browser does not run the eye reader',
  'problem.wasm_disabled.text':
    'It needs WebAssembly, which is turned off. Allow it for this site, or go on in another browser or on another ' +
    'device.',
  'problem.wasm_unsupported.title': 'This browser is too old for the check',
  'problem.wasm_unsupported.text':
    'It cannot run the eye reader (WebAssembly with SIMD). Update the browser, or go on in a current Chrome, Firefox ' +
    'or Safari.',
  'problem.worker_unsupported.title': 'This browser is too old for the check',
  'problem.worker_unsupported.text':
    'It cannot run the check in the background (module workers). Update it, or go on in a current Chrome, Firefox or ' +
    'Safari.',
  'problem.pixels_falsified.title': 'Your browser hides what the camera sees',
  'problem.pixels_falsified.text':
    'A privacy setting replaces the pictures that this page reads with noise, so your eyes cannot be found. Allow ' +
    'this site to read them, or go on in another browser.',
  'problem.engine_failed.title': 'The eye reader did not start',
  'problem.engine_failed.text': 'Close other tabs and try again. If it happens again, use another browser or device.',
  'problem.captures_unusable.title': 'No picture of your eyes was clear enough',
  'problem.captures_unusable.text':
    'You did everything you were asked to do, but no pair of pictures can be used, so none was sent. Find more light ' +
    'from the front, hold still and face the camera, then try again. If this happens often, it counts as an attempt.',
  'problem.engine_version.title': 'This page is out of date',
  'problem.engine_version.text': 'The site has been updated in the meantime. Reload the page.',
  'problem.model_corrupt.title': 'A file arrived damaged',
  'problem.model_corrupt.text': 'Part of the check was damaged on its way to you. Reload the page.',

  'problem.network.title': 'No connection',
  'problem.network.text': 'The server could not be reached. Check your connection and try again. Nothing is lost.',
  'problem.offline.title': 'You are offline',
  'problem.offline.text': 'Connect to the internet and try again. Nothing is lost.',
  'problem.busy.title': 'The server is busy',
  'problem.busy.text': 'Wait a minute and try again. This does not count as an attempt.',
  'problem.unavailable.title': 'The server has a problem',
  'problem.unavailable.text': 'This is our fault. Wait a minute and try again. This does not count as an attempt.',
  'problem.server_error.title': 'The server has a problem',
  'problem.server_error.text': 'This is our fault. Wait a minute and try again. This does not count as an attempt.',
  'problem.internal.title': 'The server has a problem',
  'problem.internal.text': 'This is our fault. Wait a minute and try again. This does not count as an attempt.',
  'problem.body_too_slow.title': 'The connection is too slow',
  'problem.body_too_slow.text':
    'The upload did not arrive in time. Try again where the connection is better. Nothing is lost.',
  'problem.unexpected.title': 'Something went wrong',
  'problem.unexpected.text': 'Reload the page. If it happens again, tell the people who run this site.',
  'problem.challenge_unknown.title': 'This check is no longer open',
  'problem.challenge_unknown.text': 'Start again. This does not count as an attempt.',
  'problem.challenge_round.title': 'The check got out of step',
  'problem.challenge_round.text': 'Start again. This does not count as an attempt.',
  'problem.tone_guided_refused.title': 'The check with tones is not offered here',
  'problem.tone_guided_refused.text': 'Start the usual check, or ask the people who run this site for another way.',
  'problem.turn_required.title': 'Here you need to turn your head',
  'problem.turn_required.text':
    'This site does not offer the check without it. A small turn is enough: hold or place the device where turning ' +
    'is easiest for you, and try again. If you cannot, ask the people who run this site for another way. This does ' +
    'not count as an attempt.',
  'problem.challenge_used.title': 'This check has already been decided',
  'problem.challenge_used.text': 'Start again to see your result.',
  'problem.challenge_expired.title': 'That took too long',
  'problem.challenge_expired.text': 'The record arrived too late. Start again. This does not count as an attempt.',
  'problem.consent_unknown.title': 'This page is out of date',
  'problem.consent_unknown.text': 'Its text about your pictures has changed. Reload the page and start over.',
  'problem.key_invalid.title': 'The key was not accepted',
  'problem.key_invalid.text': 'Reload the page and start over.',
  'problem.submission_malformed.title': 'The server could not read the upload',
  'problem.submission_malformed.text': 'Reload the page and start over. This does not count as an attempt.',
  'problem.submission_in_progress.title': 'The check is still running',
  'problem.submission_in_progress.text': 'Your pictures arrived and are being checked. Wait a moment and try again.',
  'problem.upload_offset.title': 'Sending got out of step',
  'problem.upload_offset.text': 'Try again; it resumes where it stopped. Nothing is lost.',
  'problem.upload_incomplete.title': 'Not everything has arrived',
  'problem.upload_incomplete.text': 'Try again; what is missing will be sent. Nothing is lost.',
  'problem.too_large.title': 'The pictures are too large',
  'problem.too_large.text': 'Reload the page and start over. This does not count as an attempt.',

  // Reasons: why an attempt was not accepted, and the one thing to do about it.
  'reason.timeout.title': 'Time ran out',
  'reason.timeout.text': 'Try again, and respond to each prompt as soon as it appears.',
  'reason.prompt_missed.title': 'Not everything you were asked to do was seen',
  'reason.prompt_missed.text': 'Try again: keep your eyes open until the prompt appears, then do exactly what it says.',
  'reason.prompt_times.title': 'Your answers came too early or too late',
  'reason.prompt_times.text': 'Try again, and wait for each prompt.',
  'reason.prompt_late.title': 'Your connection was too slow',
  'reason.prompt_late.text': 'Try again where the network is better.',
  'reason.turn_not_shown.title': 'The turn of your head was not seen',
  'reason.turn_not_shown.text': 'Try again: turn your head a little further, then face the camera again.',
  'reason.strip_unclear.title': 'Your face could not be read clearly',
  'reason.strip_unclear.text': 'Find more light from the front and keep still.',
  'reason.cancelled.title': 'You ended the check',
  'reason.cancelled.text': 'You can try again.',
  'reason.abandoned.title': 'The last check was left before it ended',
  'reason.abandoned.text': 'You can try again. Keep this page open until you see the result.',
  'reason.no_blink.title': 'No complete blink was recorded',
  'reason.no_blink.text': 'Try again: close your eyes briefly and open them again.',
  'reason.engine_version.title': 'This page is out of date',
  'reason.engine_version.text': 'Reload the page and start over.',
  'reason.capture_no_face.title': 'No face could be found in a picture',
  'reason.capture_no_face.text': 'Try again in better light, with your face in the oval.',
  'reason.capture_several_faces.title': 'More than one face was in the picture',
  'reason.capture_several_faces.text': 'Make sure you are alone in front of the camera.',
  'reason.capture_unclear.title': 'Your face could not be read clearly',
  'reason.capture_unclear.text': 'Find more light from the front and look straight ahead.',
  'reason.open_not_open.title': 'Your open eyes could not be read',
  'reason.open_not_open.text': 'Look straight at the camera before you blink.',
  'reason.closed_not_closed.title': 'Your closed eyes could not be read',
  'reason.closed_not_closed.text': 'Blink a little more slowly and close your eyes fully.',
  'reason.captures_differ.title': 'The two pictures do not match',
  'reason.captures_differ.text': 'Keep still while you blink.',
  'reason.earlier.title': 'The last check was not accepted',
  'reason.earlier.text': 'Start the camera check again.',
  'reason.unaccepted.title': 'The recording could not be accepted',
  'reason.unaccepted.text': 'Reload the page and try once more.',
};

/** The catalogues by language tag. A language may omit keys: English is used instead.
 * @type {Record<string, Catalogue>} */
export const CATALOGUES = { en };
